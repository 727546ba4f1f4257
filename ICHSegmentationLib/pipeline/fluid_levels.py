"""Blood that has settled beneath fluid: in a hematoma that does not clot, as on anticoagulants, it ends in a
level.

The fluid above the level belongs to the hematoma and is as dense as brain: the networks leave it out.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..preparation.intracranial import bounding_box
from ..preparation.orientation import Reorientation
from ..volume import CTVolume, Grid, Volume

# This project's own choice. Of the 68 deep hematomas at hand none has more than 0.4 of its outline's front in
# one layer where it is 400 mm2 or larger; painted ones with a level have 0.8 and more.
LEVEL_SHARE = 0.6
LAYER_MM = 2.0
SMALLEST_MM2 = 400.0
SHALLOWEST_MM = 8.0  # mean depth of the blood; a thin layer may be level by chance
ABOVE_MM = 3.0
FLUID_HU = 15.0, 50.0  # of what lies above; bone is denser, CSF above blood in a ventricle less dense

_TOUCHING = np.ones((3, 3, 3), dtype=bool)


def fluid_levels(ct: CTVolume, mask: Volume) -> tuple[str, ...]:
    """A warning where a lesion ends in a level, with fluid above it. Of a patient who lies on the back."""
    order = Reorientation.of(ct.grid)
    whole = order.apply(mask.voxels)
    around = bounding_box(whole, 2 * ABOVE_MM, order.grid.spacing)
    hu = order.apply(ct.voxels)[around]
    lesions, _ = ndimage.label(whole[around], _TOUCHING)
    for number, box in enumerate(ndimage.find_objects(lesions), start=1):
        lesion = lesions[box] == number
        front = _front(lesion)
        depth_mm = np.count_nonzero(lesion) / len(front) * order.grid.spacing[1]
        front += [side.start for side in box]
        if depth_mm >= SHALLOWEST_MM and _is_level(front, hu, order.grid):
            return (
                "A hemorrhage ends in a level, as blood does that settles beneath fluid: the fluid above it"
                " may be a part of the hematoma that is not outlined, and its volume larger than told.",
            )
    return ()


def _front(lesion: NDArray[np.bool_]) -> NDArray[np.intp]:
    """``[N, 3]`` (slice, row, column): the foremost voxel of each line of voxels from front to back."""
    slices, columns = np.nonzero(lesion.any(axis=1))
    return np.stack([slices, lesion.argmax(axis=1)[slices, columns], columns], axis=1)


def _is_level(front: NDArray[np.intp], hu: NDArray[np.number], grid: Grid) -> bool:
    if len(front) * grid.spacing[0] * grid.spacing[2] < SMALLEST_MM2:
        return False
    heights = grid.world(front)[:, 1]
    ordered = np.sort(heights)
    within = np.searchsorted(ordered, ordered + LAYER_MM, side="right") - np.arange(len(ordered))
    if within.max() < LEVEL_SHARE * len(front):
        return False
    lowest = ordered[within.argmax()]
    slices, rows, columns = front[(heights >= lowest) & (heights <= lowest + LAYER_MM)].T
    above = np.maximum(rows - max(1, round(ABOVE_MM / grid.spacing[1])), 0)
    return bool(FLUID_HU[0] <= np.median(hu[slices, above, columns]) <= FLUID_HU[1])
