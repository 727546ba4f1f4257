"""A made head: brain of 35 HU, a hematoma of 65 HU over five slices, other blood elsewhere."""

import numpy as np

from Training.default_model.sampling import IGNORE
from Training.default_model.silver_masks import mend

SPACING = (5.0, 1.0, 1.0)


def disc(row, column, radius):
    rows, columns = np.ogrid[:120, :120]
    return np.hypot(rows - row, columns - column) <= radius


def head():
    """HU, the brain, and the hematoma's true mask (slices 2 to 6)."""
    brain = np.broadcast_to(disc(60, 60, 55), (9, 120, 120))
    hu = np.where(brain, 35, 1000).astype(np.int16)
    true = np.zeros(hu.shape, np.uint8)
    true[2:7] = disc(50, 45, 14)
    hu[true == 1] = 65
    return hu, brain, true


def test_a_slice_that_the_mask_leaves_out_is_filled_and_its_rim_is_unknown():
    hu, brain, true = head()
    target = true.copy()
    target[4] = 0
    mend(target, hu, brain, SPACING)
    assert (target[4][disc(50, 45, 12)] == 1).all()
    assert (target[4][disc(50, 45, 15) & ~disc(50, 45, 14)] == IGNORE).all()
    assert (target[4][~disc(50, 45, 22)] == 0).all()
    np.testing.assert_array_equal(target == 1, (target == 1) & (true == 1))


def test_blood_away_from_the_hematoma_is_unknown():
    hu, brain, true = head()
    ventricle = disc(80, 75, 8)
    hu[3, ventricle] = 62
    target = true.copy()
    mend(target, hu, brain, SPACING)
    assert (target[3][ventricle] == IGNORE).all()
    np.testing.assert_array_equal(target == 1, true == 1)


def test_a_whole_mask_in_a_head_without_other_blood_stays_as_it_is():
    hu, brain, true = head()
    target = true.copy()
    mend(target, hu, brain, SPACING)
    np.testing.assert_array_equal(target, true)


def test_specks_are_left_alone():
    hu, brain, true = head()
    hu[3, disc(80, 75, 2)] = 70
    target = true.copy()
    mend(target, hu, brain, SPACING)
    np.testing.assert_array_equal(target, true)
