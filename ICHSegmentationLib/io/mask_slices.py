"""Masks of unevenly spaced slices, which other programs write as evenly spaced ones."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..volume import CTVolume, Grid, Volume

TAKEN_AS_THE_CTS = (
    "The mask has evenly spaced slices, as other programs write those that lie unevenly: they are taken for "
    "the CT's own. If it was drawn on a copy whose transform was hardened, give that copy."
)


def mean_affine(ct: CTVolume) -> NDArray[np.float64]:
    """``[4, 4]``, the CT's affine with the mean distance of its slices, as Slicer and ITK have it; its own
    has their median."""
    affine = np.array(ct.affine)
    positions = ct.slice_positions_mm
    if positions is not None:
        affine[:3, 2] *= positions[-1] / (len(positions) - 1) / ct.grid.slice_distance
    return affine


def on_own_slices(ct: CTVolume, mask: Volume) -> Volume:
    """A mask of as many slices as the CT at their mean distance, on the CT's own slices, with a warning.

    Any other comes back as it is.
    """
    if ct.grid.same_as(mask.grid) or not Grid(ct.grid.shape, mean_affine(ct)).same_as(mask.grid):
        return mask
    return replace(mask, affine=ct.affine, warnings=(TAKEN_AS_THE_CTS,))
