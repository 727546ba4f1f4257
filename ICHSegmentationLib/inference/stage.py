"""One network of a cascade, loaded and ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Stage
from .engines.network import Network
from .network_grid import Array, NetworkGrid
from .sliding import in_windows

_FEWEST_SLICES = 8  # as many as a training patch of the fine stage has


@dataclass(frozen=True)
class Probability:
    """Probability of hemorrhage ``[D, H, W]`` on a network's grid."""

    values: Array
    grid: NetworkGrid

    def within(self, mask: NDArray[np.bool_]) -> "Probability":
        """Zero where ``mask`` ``[D, H, W]``, of the scan's own grid, covers nothing of a voxel."""
        share = self.grid.image(mask.astype(np.uint8), [(0.5, 1.0)])[0, 0] / 2 + 0.5
        return Probability(np.where(share > 0, self.values, np.float32(0)), self.grid)


class StageNetwork:
    """Runs one stage of a model on crops of a scan.

    Args:
        stage: what the network is fed with.
        network: the network, opened by one of the engines.
        mirrored: look at the scan and at its mirror image, left for right, and take the mean.
    """

    def __init__(self, stage: Stage, network: Network, mirrored: bool = False) -> None:
        self._stage = stage
        self._network = network
        self._mirrored = mirrored

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return self._stage.spacing_mm

    def probability(self, hu: NDArray[Any], spacing: Sequence[float]) -> Probability:
        """What the network makes of a crop of a scan.

        Args:
            hu: ``[D, H, W]`` crop in canonical order, HU.
            spacing: mm along slices, rows, columns.
        """
        grid = NetworkGrid.of(hu.shape, spacing, self._stage.spacing_mm)
        image, slices = _deep_enough(grid.image(hu, self._stage.windows))
        hemorrhage = self._hemorrhage(image)
        if self._mirrored:
            mirrored = self._hemorrhage(image[..., ::-1])[..., ::-1]
            hemorrhage = (hemorrhage + mirrored) * np.float32(0.5)
        return Probability(hemorrhage[slices], grid)

    def _hemorrhage(self, image: Array) -> Array:
        """``[D, H, W]``, the softmax of what the network gives for the first label."""
        patch, divisor = self._stage.patch, self._network.divisor
        logits = in_windows(np.ascontiguousarray(image), self._network, patch, divisor)[0]
        powers = np.exp(logits - logits.max(axis=0))
        share: Array = powers[1] / powers.sum(axis=0)
        return share


def _deep_enough(image: Array) -> tuple[Array, slice]:
    """``image`` with its outer slices repeated where they are too few, and where it lies in that."""
    depth = image.shape[2]
    missing = max(0, _FEWEST_SLICES - depth)
    before = missing // 2
    outer = (before, missing - before)
    padded = np.pad(image, [(0, 0), (0, 0), outer, (0, 0), (0, 0)], mode="edge") if missing else image
    return padded, slice(before, before + depth)
