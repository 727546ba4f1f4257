"""One stage of the cascade on a device: HU go there, a mask comes back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models import Stage
from ..engines.computing import AtOnce
from ..engines.torch_network import TorchNetwork
from ..network_grid import NetworkGrid
from ..probability import Probability
from ..stage import Refined, missing_slices
from .device_grid import back_on, image_on
from .device_windows import in_windows_on

_WINDOWS_AT_ONCE = 4
_SLICES_AT_ONCE = 64
"""Of the scan's own, while probabilities lie there in full resolution."""


class DeviceStage:
    """See :class:`ICHSegmentationLib.inference.stage.StageNetwork`; probabilities stay on the device but for
    the small ones of a network's own grid."""

    def __init__(self, stage: Stage, network: TorchNetwork, mirrored: bool = False) -> None:
        self._stage = stage
        self._network = network
        self._mirrored = mirrored
        self._at_once = AtOnce(_WINDOWS_AT_ONCE)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return self._stage.spacing_mm

    @torch.inference_mode()
    def probability(self, hu: NDArray[Any], spacing: Sequence[float]) -> Probability:
        values, grid = self._probability(hu, spacing)
        return Probability(values.cpu().numpy(), grid)

    @torch.inference_mode()
    def refined(
        self, hu: NDArray[Any], spacing: Sequence[float], seen: Probability, weight: float, threshold: float
    ) -> Refined:
        values, grid = self._probability(hu, spacing)
        earlier = self._network.computing.sent(seen.values)
        found, doubt = [], []
        for first in range(0, hu.shape[0], _SLICES_AT_ONCE):
            some = slice(first, first + _SLICES_AT_ONCE)
            mean = back_on(grid, values, some) * weight + back_on(seen.grid, earlier, some) * (1 - weight)
            found.append(mean > threshold)
            doubt.append(((1 - (2 * mean - 1).abs()).clamp(0, 1) * 100).round().to(torch.uint8))
        return Refined(torch.cat(found).cpu().numpy(), torch.cat(doubt).cpu().numpy())

    def _probability(self, hu: NDArray[Any], spacing: Sequence[float]) -> tuple[Tensor, NetworkGrid]:
        grid = NetworkGrid.of(hu.shape, spacing, self._stage.spacing_mm)
        known = hu if hu.dtype in (np.int16, np.float32) else hu.astype(np.float32)
        image = image_on(grid, self._network.computing.sent(known), self._stage.windows)
        before, behind = missing_slices(image.shape[2])
        image = torch.cat([image[:, :, :1]] * before + [image] + [image[:, :, -1:]] * behind, dim=2)
        hemorrhage = self._hemorrhage(image)
        if self._mirrored:
            hemorrhage = (hemorrhage + self._hemorrhage(image.flip(-1)).flip(-1)) * 0.5
        return hemorrhage[before : before + grid.shape[0]], grid

    def _hemorrhage(self, image: Tensor) -> Tensor:
        """``[D, H, W]``, the softmax of what the network gives for the first label."""
        network = self._network
        logits = in_windows_on(image, network.on_device, self._stage.patch, self._at_once, network.divisor)
        return logits[0].softmax(0)[1]
