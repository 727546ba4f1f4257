"""The way of a scan onto a network's grid and of the network's answer back.

Slices thinner than the network's are averaged in slabs of a whole number of slices, as a scanner would have
reconstructed them; thicker ones stay as they are. In plane the pixels are resampled to the network's spacing.
All scaling maps image edge to image edge, so that there and back is the identity for places.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..preparation.resizing import resized
from ..preparation.windows import window

Array = NDArray[np.float32]

SLAB_HU = -1000, 1000  # air and dense bone; padding and metal beyond would outweigh the other slices


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

    def image(self, hu: NDArray[np.number], windows: Sequence[Sequence[float]]) -> Array:
        """The scan on the network's grid, ``[1, C, D, H, W]``, each window as -1..1.

        Slices are averaged in HU, as in a scanner: bone held to a window's 100 HU would blend with brain to
        the density of blood. Values are clipped to the window before pixels are averaged, so that metal,
        bone and air, which scanners and archives store differently, count alike.

        Args:
            hu: ``[D, H, W]`` crop of the scan.
            windows: (level, width) in HU of each channel.
        """
        channels = np.empty((1, len(windows), *self.shape), np.float32)
        for channel, (level, width) in zip(channels[0], windows, strict=True):
            for index in range(self.shape[0]):
                block = hu[index * self.slab : (index + 1) * self.slab].astype(np.float32)
                plane = window(block.clip(*SLAB_HU).mean(axis=0), level, width)
                channel[index] = resized(plane * 2 - 1, self.shape[1:])
        return channels

    def back(self, values: Array, slices: slice = slice(None)) -> Array:
        """``values`` ``[D, H, W]`` of the network's grid on the crop's own grid, linearly interpolated.

        Args:
            slices: those of the crop to give; the others take no memory.
        """
        depth, height, width = self.native
        centre = (np.arange(depth, dtype=np.float32)[slices] + 0.5) / self.slab - 0.5
        below = np.clip(np.floor(centre), 0, len(values) - 1).astype(int)
        above = np.minimum(below + 1, len(values) - 1)
        planes = {n: resized(values[n], (height, width)) for n in {*below.tolist(), *above.tolist()}}
        back = np.empty((len(centre), height, width), np.float32)
        for plane, low, high, place in zip(back, below, above, centre, strict=True):
            share = np.float32(np.clip(place - low, 0, 1))
            np.subtract(planes[high], planes[low], out=plane)
            plane *= share
            plane += planes[low]
        return back
