"""New and gone hemorrhage against hand-made pieces."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.comparison.elsewhere import APART_MM, elsewhere_ml
from ICHSegmentationLib.volume import Volume

SPACING = np.array([5.0, 1.0, 2.0])  # slices, rows, columns
LEAST_ML = 0.1


def mask(*pieces, affine=None):
    voxels = np.zeros((20, 100, 80), np.uint8)
    for piece in pieces:
        voxels[piece] = 2
    return Volume(voxels, np.diag([*SPACING[::-1], 1.0]) if affine is None else affine)


HEMATOMA = np.s_[4:8, 20:40, 20:30]
HEMATOMA_ML = 4 * 20 * 10 * 10 / 1000


@pytest.mark.parametrize(
    ("gap_mm", "new"), [(APART_MM - 1, False), (APART_MM, True), (APART_MM + 1, True)], ids=str
)
def test_what_lies_ten_millimetres_apart_is_new(gap_mm, new):
    first_row = 39 + round(gap_mm)
    second = mask(HEMATOMA, np.s_[4:6, first_row : first_row + 10, 20:30])
    found = elsewhere_ml(second, mask(HEMATOMA), np.eye(4), LEAST_ML)
    assert found == pytest.approx(2.0 if new else 0.0)


def test_what_grew_shrank_or_moved_a_little_is_not_new():
    larger, within = mask(np.s_[3:10, 10:60, 15:40]), mask(np.s_[5:6, 30:32, 24:25])
    for one, other in ((larger, within), (within, larger), (mask(np.s_[5:9, 25:45, 22:32]), mask(HEMATOMA))):
        assert elsewhere_ml(one, other, np.eye(4), least_ml=0.01) == 0


def test_everything_is_new_where_there_was_nothing():
    assert elsewhere_ml(mask(HEMATOMA), mask(), np.eye(4), LEAST_ML) == pytest.approx(HEMATOMA_ML)
    assert elsewhere_ml(mask(), mask(HEMATOMA), np.eye(4), LEAST_ML) == 0


def test_specks_do_not_count():
    second = mask(HEMATOMA, np.s_[15, 80:83, 60:63], np.s_[15, 20:24, 60:63])
    assert elsewhere_ml(second, mask(HEMATOMA), np.eye(4), LEAST_ML) == pytest.approx(0.12)


def test_what_the_other_scan_does_not_reach_is_not_new():
    way = np.eye(4)
    way[2, 3] = 80.0  # the other scan begins 16 slices higher
    second = mask(np.s_[2:4, 50:60, 50:60], np.s_[9:12, 50:60, 50:60])
    assert elsewhere_ml(second, mask(), way, LEAST_ML) == pytest.approx(2.0)


def test_the_heads_are_laid_over_each_other_first():
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("xyz", [20, -15, 30], degrees=True).as_matrix()
    turned[:3, 3] = 40, -30, 25
    first = mask(HEMATOMA)
    second = mask(HEMATOMA, np.s_[14:16, 70:80, 60:70], affine=turned @ first.affine)
    to_first = np.linalg.inv(turned)
    assert elsewhere_ml(second, first, to_first, LEAST_ML) == pytest.approx(2.0)
    assert elsewhere_ml(first, second, turned, LEAST_ML) == 0
