"""Small regions that a model alone leaves out as specks, and that a detector confirms.

Most specks are false. Where the detector, another network that learned otherwise, calls hemorrhage likely on
slices on which nothing is outlined, the specks there are what it may have seen.
"""

import cc3d
import numpy as np

from ..detection import Detection
from ..detection.disagreement import axial_positions_mm, near
from ..detection.words import on_slices
from ..preparation.orientation import Reorientation
from ..volume import CTVolume, Volume


def with_confirmed(
    ct: CTVolume, mask: Volume, specks: Volume | None, detection: Detection | None
) -> tuple[Volume, tuple[str, ...]]:
    """``mask`` with the specks on slices that the detector marks, far from any other outline, and a sentence
    where there are such.

    Args:
        mask, specks: label values ``[D, H, W]`` on the grid of ``ct``.
        detection: of ``ct``, slice by slice.
    """
    if specks is None or detection is None or not specks.voxels.any() or not detection.is_likely():
        return mask, ()
    axis = Reorientation.of(ct.grid).axes[0]
    others = tuple(each for each in range(3) if each != axis)
    outlined = np.asarray((mask.voxels > 0).any(axis=others))
    beside = near(outlined, axial_positions_mm(ct.grid, ct.slice_positions_mm))
    lonely = [index for index in detection.marked() if not beside[index]]
    regions = cc3d.connected_components(specks.voxels, connectivity=26)
    confirmed = np.setdiff1d(regions.take(lonely, axis), 0)
    if not confirmed.size:
        return mask, ()
    added = np.isin(regions, confirmed)
    slices = np.flatnonzero(added.any(axis=others)).tolist()
    said = (
        f"The outline {on_slices(slices)} stays only because the detector marks hemorrhage there: "
        "alone, the model leaves so small a region out."
    )
    return Volume(np.where(added, specks.voxels, mask.voxels), mask.affine), (said,)
