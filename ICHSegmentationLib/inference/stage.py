"""One network of a cascade, loaded and ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..models import Stage
from .engines.network import Network
from .network_grid import Array, NetworkGrid
from .probability import Probability
from .sliding import in_windows
from .uncertainty import uncertainty

_FEWEST_SLICES = 8  # as many as a training patch of the fine stage has


@dataclass(frozen=True)
class Refined:
    """What both stages together say of a region, on the scan's own grid.

    Attributes:
        mask: ``[D, H, W]``, where their mean probability is above the threshold.
        doubt: uint8 ``[D, H, W]``, see :func:`~.uncertainty.uncertainty`.
    """

    mask: NDArray[np.bool_]
    doubt: NDArray[np.uint8]


class AnyStage(Protocol):
    """One stage of a cascade, wherever it computes."""

    @property
    def spacing_mm(self) -> tuple[float, float, float]: ...
    def probability(self, hu: NDArray[Any], spacing: Sequence[float]) -> Probability: ...
    def refined(
        self, hu: NDArray[Any], spacing: Sequence[float], seen: Probability, weight: float, threshold: float
    ) -> Refined: ...


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

    def refined(
        self, hu: NDArray[Any], spacing: Sequence[float], seen: Probability, weight: float, threshold: float
    ) -> Refined:
        """What this stage and an earlier one make of a crop together.

        Args:
            seen: what the earlier stage made of it.
            weight: share of this stage in the mean of both probabilities.
            threshold: mean probability above which a voxel is hemorrhage.
        """
        fine = self.probability(hu, spacing)
        mean = fine.grid.back(fine.values) * weight + seen.grid.back(seen.values) * (1 - weight)
        return Refined(mean > threshold, uncertainty(mean))

    def _hemorrhage(self, image: Array) -> Array:
        """``[D, H, W]``, the softmax of what the network gives for the first label."""
        patch, divisor = self._stage.patch, self._network.divisor
        logits = in_windows(np.ascontiguousarray(image), self._network, patch, divisor)[0]
        powers = np.exp(logits - logits.max(axis=0))
        share: Array = powers[1] / powers.sum(axis=0)
        return share


def missing_slices(depth: int) -> tuple[int, int]:
    """How many slices to add before and behind an image of ``depth`` slices that has too few."""
    missing = max(0, _FEWEST_SLICES - depth)
    return missing // 2, missing - missing // 2


def _deep_enough(image: Array) -> tuple[Array, slice]:
    """``image`` with its outer slices repeated where they are too few, and where it lies in that."""
    depth = image.shape[2]
    outer = missing_slices(depth)
    padded = np.pad(image, [(0, 0), (0, 0), outer, (0, 0), (0, 0)], mode="edge") if any(outer) else image
    return padded, slice(outer[0], outer[0] + depth)
