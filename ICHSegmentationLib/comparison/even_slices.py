"""Scans whose slices lie unevenly, as if they lay evenly: their affine alone would put them elsewhere."""

import numpy as np

from ..volume import CTVolume, Volume

FINEST_MM = 1.0
"""Closer slices need not all be there to lay heads over each other and to show them."""


def with_even_slices(ct: CTVolume, mask: Volume) -> tuple[CTVolume, Volume]:
    """Both with the nearest slice at each of evenly spaced places; as they are where theirs are even.

    It moves slices to where they were scanned, and is not for measuring: a gap is filled with copies of the
    slices beside it.

    Args:
        mask: label values ``[D, H, W]`` on the CT's grid.
    """
    if ct.slice_positions_mm is None:
        return ct, mask
    positions = np.abs(ct.slice_positions_mm - ct.slice_positions_mm[0])
    step = max(FINEST_MM, float(np.diff(positions).min()))
    places = np.arange(0, positions[-1] + step / 2, step)
    nearest = np.abs(places[:, np.newaxis] - positions).argmin(axis=1)
    affine = np.array(ct.affine)
    affine[:3, 2] *= step / ct.grid.slice_distance
    return CTVolume(ct.voxels[nearest], affine, warnings=ct.warnings), Volume(mask.voxels[nearest], affine)
