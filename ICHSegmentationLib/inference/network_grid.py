"""The way of a scan onto a network's grid and of the network's answer back.

Slices thinner than the network's are averaged in slabs of a whole number of slices, as a scanner would have
reconstructed them; thicker ones stay as they are. In plane the pixels are resampled to the network's spacing.
All scaling maps image edge to image edge, so that there and back is the identity for places.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..preparation.windows import window


@dataclass(frozen=True)
class NetworkGrid:
    """How one crop of a scan lies on a network's grid.

    Attributes:
        native: ``(D, H, W)`` of the crop.
        slab: how many native slices are averaged into one of the network's.
        shape: ``(D, H, W)`` on the network's grid.
    """

    native: tuple[int, int, int]
    slab: int
    shape: tuple[int, int, int]

    @classmethod
    def of(
        cls, native: Sequence[int], spacing: Sequence[float], target_spacing: Sequence[float]
    ) -> "NetworkGrid":
        """The grid nearest to ``target_spacing`` (mm; slice, row, column) for a crop of this spacing (mm)."""
        depth, height, width = native
        slab = min(depth, max(1, round(target_spacing[0] / spacing[0])))
        shape = (
            -(-depth // slab),
            max(1, round(height * spacing[1] / target_spacing[1])),
            max(1, round(width * spacing[2] / target_spacing[2])),
        )
        return cls((depth, height, width), slab, shape)

    def image(self, hu: NDArray[np.number], windows: Sequence[Sequence[float]]) -> Tensor:
        """The scan on the network's grid, ``[1, C, D, H, W]`` float32, each window as -1..1.

        Values are clipped to the window before anything is averaged, so that metal, bone and air, which
        scanners and archives store differently, count alike.

        Args:
            hu: ``[D, H, W]`` crop of the scan.
            windows: (level, width) in HU of each channel.
        """
        return torch.stack([self._channel(hu, *window) for window in windows])[None]

    def _channel(self, hu: NDArray[np.number], level: float, width: float) -> Tensor:
        slabs = np.empty((self.shape[0], *self.native[1:]), np.float32)
        for index in range(self.shape[0]):
            block = hu[index * self.slab : (index + 1) * self.slab]
            slabs[index] = window(block, level, width).mean(axis=0)
        scaled = torch.from_numpy(slabs * 2 - 1)[:, None]
        if scaled.shape[2:] != self.shape[1:]:
            shrinking = self.shape[1] < scaled.shape[2] or self.shape[2] < scaled.shape[3]
            scaled = F.interpolate(
                scaled, self.shape[1:], mode="bilinear", align_corners=False, antialias=shrinking
            )
        return scaled[:, 0]

    def back(self, values: Tensor, slices: slice = slice(None)) -> Tensor:
        """``values`` ``[D, H, W]`` of the network's grid on the crop's own grid, linearly interpolated.

        Args:
            slices: those of the crop to give; the others take no memory.
        """
        depth, height, width = self.native
        centre = (torch.arange(depth, device=values.device)[slices] + 0.5) / self.slab - 0.5
        below = centre.floor().clamp(0, values.shape[0] - 1).long()
        above = (below + 1).clamp(max=values.shape[0] - 1)
        first = int(below[0])
        values = values[first : int(above[-1]) + 1]
        if values.shape[1:] != (height, width):
            values = F.interpolate(values[None], (height, width), mode="bilinear", align_corners=False)[0]
        if self.slab == 1:
            return values[: len(below)]
        weight = (centre - below).clamp(0, 1)[:, None, None]
        return torch.lerp(values[below - first], values[above - first], weight)
