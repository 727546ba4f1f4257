"""Two scans of one head in one picture."""

import numpy as np
import pytest
from report_heads import canonical_affine, head, stored
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.labels import INTRAVENTRICULAR, SUBDURAL
from ICHSegmentationLib.report.laid_over import LaidOver
from ICHSegmentationLib.report.preview import GROUND
from ICHSegmentationLib.report.side_by_side import Dated, side_by_side
from ICHSegmentationLib.report.stack import SliceStack
from ICHSegmentationLib.volume import CTVolume, Volume

LINES = (
    "Hemorrhage grew from 5.2 to 7.6 mL (+2.4 mL, +45 %).",
    "This is hematoma expansion by the usual definition (at least 6 mL or at least 33 %).",
)


@pytest.mark.parametrize("slices", [1, 2, 5])
def test_the_sentences_fit_into_the_picture_however_few_slices_it_shows(slices: int):
    case = stored(*head([(2, (3, 3 + slices), (20, 32), (10, 20))]))
    scan = Dated(case.ct, case.mask)
    pixels = np.asarray(side_by_side(scan, scan, np.eye(4), LINES)).astype(int)
    written = np.abs(pixels[:80] - GROUND).max(axis=2) > 20
    assert written.any()
    assert not written[:, -10:].any()


def test_a_new_lesion_thinner_than_the_first_scans_slices_is_shown():
    ventricular = (INTRAVENTRICULAR.value, (2, 8), (20, 32), (10, 20))
    case = stored(*head([ventricular]))
    first = Dated(case.ct, case.mask)
    hu, labels = (np.repeat(array, 5, axis=0) for array in head([ventricular]))
    labels[6, 40:60, 30:50] = SUBDURAL.value  # one mm below the middle of the first scan's second slice
    affine = canonical_affine() @ np.diag([1, 1, 0.2, 1])
    affine[2, 3] -= 2
    second = Dated(CTVolume(hu, affine), Volume(labels, affine))
    assert not _shows(side_by_side(first, first, np.eye(4), LINES), SUBDURAL)
    assert _shows(side_by_side(first, second, np.eye(4), LINES), SUBDURAL)


@pytest.mark.parametrize(
    "how",
    [
        {"order": (2, 0, 1)},
        {"flips": (True, False, True)},
        {"flips": (False, True, False), "order": (1, 2, 0)},
        {"turn": Rotation.from_euler("xyz", [12, -9, 15], degrees=True).as_matrix()},
        {"shear": 1.5},
    ],
    ids=["permuted", "flipped", "left-handed", "oblique", "tilted"],
)
def test_each_slice_shows_the_hemorrhage_that_lies_in_it_however_the_second_scan_is_stored(how):
    blocks = [(2, (3, 5), (20, 32), (10, 20)), (5, (6, 7), (40, 60), (30, 50))]
    case = stored(*head(blocks), **how)
    stack = SliceStack.of(case.ct, case.mask)
    own = np.count_nonzero(stack.labels, axis=(1, 2)) * stack.voxel_ml
    laid = LaidOver(stack, np.eye(4), stack.labels.shape)
    np.testing.assert_allclose(laid.volumes_ml, own)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [20, 10, -30], degrees=True).as_matrix()
    moved = Dated(
        CTVolume(case.ct.voxels, turn @ case.ct.affine), Volume(case.mask.voxels, turn @ case.ct.affine)
    )
    still = side_by_side(Dated(case.ct, case.mask), Dated(case.ct, case.mask), np.eye(4), LINES)
    back = side_by_side(Dated(case.ct, case.mask), moved, np.linalg.inv(turn), LINES)
    apart = np.abs(np.asarray(still).astype(int) - np.asarray(back)).max(axis=2) > 40
    assert apart.mean() < 0.01


def _shows(picture, label):
    return (np.abs(np.asarray(picture).astype(int) - label.colour).max(axis=2) < 12).any()
