"""One network of a cascade, loaded and ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..models import ModelFolder
from ..networks import build
from ..networks.residual_unet import DIVISOR
from ..networks.weights import load_weights
from .network_grid import NetworkGrid

_OVERLAP = 0.25
_FEWEST_SLICES = 8  # as many as a training patch of the fine stage has


@dataclass(frozen=True)
class Probability:
    """Probability of hemorrhage ``[D, H, W]`` on a network's grid."""

    values: Tensor
    grid: NetworkGrid

    def within(self, mask: NDArray[np.bool_]) -> "Probability":
        """Zero where ``mask`` ``[D, H, W]``, of the scan's own grid, covers nothing of a voxel."""
        share = self.grid.image(mask.astype(np.uint8), [(0.5, 1.0)])[0, 0] / 2 + 0.5
        return Probability(torch.where(share > 0, self.values, 0.0), self.grid)


class StageNetwork:
    """Runs one stage of a model on crops of a scan.

    Args:
        model: a verified model folder.
        name: the stage.
        device: where to run.
        mirrored: look at the scan and at its mirror image, left for right, and take the mean.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
    """

    def __init__(self, model: ModelFolder, name: str, device: torch.device, mirrored: bool = False) -> None:
        self._stage = model.manifest.stages[name]
        self._device = device
        self._mirrored = mirrored
        network = build(self._stage.network)
        load_weights(network, model.weights(name))
        self._network = _folded(network.eval()).to(device)
        self._network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return self._stage.spacing_mm

    @torch.inference_mode()
    def probability(self, hu: NDArray[Any], spacing: Sequence[float]) -> Probability:
        """What the network makes of a crop of a scan.

        Args:
            hu: ``[D, H, W]`` crop in canonical order, HU.
            spacing: mm along slices, rows, columns.
        """
        grid = NetworkGrid.of(hu.shape, spacing, self._stage.spacing_mm)
        image, slices = _deep_enough(grid.image(hu, self._stage.windows))
        hemorrhage = torch.softmax(self._windows(image), 1)[0, 1]
        if self._mirrored:
            mirrored = torch.softmax(self._windows(image.flip(-1)), 1)[0, 1]
            hemorrhage = (hemorrhage + mirrored.flip(-1)) / 2
        return Probability(hemorrhage[slices].cpu(), grid)

    def move(self, device: torch.device) -> None:
        """Run on another device from now on."""
        self._device = device
        self._network.to(device)

    def _windows(self, image: Tensor) -> Tensor:
        """Logits of ``image``, in one pass where it fits the stage's patch, else in overlapping windows."""
        window = [
            min(limit, -(-size // divisor) * divisor)
            for limit, size, divisor in zip(self._stage.patch, image.shape[2:], DIVISOR, strict=True)
        ]
        # On a GPU, TF32 and free choice of algorithms would change the mask from run to run.
        with torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False):
            return sliding_window_inference(  # type: ignore[return-value]
                image.to(self._device),
                window,
                1,
                self._network,
                _OVERLAP,
                mode="gaussian",
                padding_mode="constant",
                cval=-1.0,
            )


def _deep_enough(image: Tensor) -> tuple[Tensor, slice]:
    """``image`` with its outer slices repeated where they are too few, and where it lies in that."""
    depth = image.shape[2]
    missing = max(0, _FEWEST_SLICES - depth)
    before = missing // 2
    padded = torch.nn.functional.pad(image, (0, 0, 0, 0, before, missing - before), mode="replicate")
    return padded, slice(before, before + depth)


def _folded(network: torch.nn.Module) -> torch.nn.Module:
    """``network`` with each batch normalisation folded into the convolution before it."""
    for block in network.modules():
        for conv, norm in (("conv1", "norm1"), ("conv2", "norm2"), ("conv3", "norm3")):
            if hasattr(block, conv) and isinstance(getattr(block, norm, None), torch.nn.BatchNorm3d):
                convolution = getattr(block, conv)
                convolution.conv = fuse_conv_bn_eval(convolution.conv, getattr(block, norm))
                setattr(block, norm, torch.nn.Identity())
    return network
