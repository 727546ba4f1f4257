"""Scans whose slices lie unevenly, as if they lay evenly: their affine alone squeezes parts of the head."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..volume import CTVolume, Volume
from .orientation import Reorientation

FINEST_MM = 0.5
"""Closer slices need not all be there to see hemorrhage, to lay heads over each other and to show them."""
MOST = 4
"""Even slices for each of the scan's: a single slice far from the others shall not fill the memory."""


@dataclass(frozen=True)
class EvenSlices:
    """A scan with the nearest of its slices at each of evenly spaced places.

    It moves slices to where they were scanned, and is not for measuring: a gap is filled with copies of the
    slices beside it. A scan that its affine describes at least as well stays as it is.

    Attributes:
        scan: as it was read.
        ct: the same with even slices; ``scan`` itself where it stays as it is.
        shown: ``[N]`` which slice of ``scan`` each slice of ``ct`` shows.
        places: ``[D]`` at which slice of ``ct`` each slice of ``scan`` lies.
    """

    scan: CTVolume
    ct: CTVolume
    shown: NDArray[np.intp]
    places: NDArray[np.intp]

    @classmethod
    def of(cls, scan: CTVolume) -> "EvenSlices":
        own = np.arange(len(scan.voxels))
        if scan.slice_positions_mm is None:
            return cls(scan, scan, own, own)
        positions = np.abs(scan.slice_positions_mm - scan.slice_positions_mm[0])
        finest = max(FINEST_MM, float(positions[-1]) / (MOST * len(positions)))
        step = max(finest, float(np.diff(positions).min()))
        if np.abs(positions - own * scan.grid.slice_distance).max() <= step / 2:
            return cls(scan, scan, own, own)
        heights = np.arange(0, positions[-1] + step / 2, step)
        apart = np.abs(heights[:, np.newaxis] - positions)
        shown, places = apart.argmin(axis=1), apart.argmin(axis=0)
        affine = np.array(scan.affine)
        affine[:3, 2] *= step / scan.grid.slice_distance
        ct = CTVolume(scan.voxels[shown], affine, warnings=scan.warnings)
        return cls(scan, ct, shown, places)

    def laid(self, mask: Volume) -> Volume:
        """A mask on the grid of ``scan`` on that of ``ct``."""
        return mask if self.ct is self.scan else Volume(mask.voxels[self.shown], self.ct.affine)

    def back(self, volume: Volume) -> Volume:
        """A mask or map on the grid of ``ct`` on that of ``scan``."""
        return volume if self.ct is self.scan else Volume(volume.voxels[self.places], self.scan.affine)

    def of_slices(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values ``[N, ...]`` of the axial slices of ``ct`` as those of ``scan``."""
        through_slices = Reorientation.of(self.scan.grid).axes[0] == 0
        return values[self.places] if through_slices else values

    def voxel(self, voxel: tuple[int, int, int]) -> tuple[int, int, int]:
        """Where a voxel of ``scan``'s array lies in that of ``ct``."""
        return int(self.places[voxel[0]]), voxel[1], voxel[2]


def with_even_slices(ct: CTVolume, mask: Volume) -> tuple[CTVolume, Volume]:
    """A scan and its mask, both with even slices; see :class:`EvenSlices`."""
    even = EvenSlices.of(ct)
    return even.ct, even.laid(mask)
