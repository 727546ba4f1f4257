import numpy as np
import pytest

from Training.default_model.metrics import agreement


def a_box(first, last):
    mask = np.zeros((12, 40, 40), np.uint8)
    mask[first[0] : last[0], first[1] : last[1], first[2] : last[2]] = 1
    return mask


def test_equal_masks_agree_fully():
    mask = a_box((2, 10, 10), (8, 20, 25))
    result = agreement(mask, mask, (5.0, 0.5, 0.5), 1.25)
    assert (result.dice, result.hd95_mm, result.nsd, result.rvd) == (1.0, 0.0, 1.0, 0.0)
    assert result.volume_ml == pytest.approx(6 * 10 * 15 * 1.25 / 1000)


def test_a_box_moved_by_four_pixels_is_worked_by_hand():
    one, other = a_box((2, 10, 10), (8, 20, 20)), a_box((2, 10, 14), (8, 20, 24))
    result = agreement(one, other, (5.0, 0.5, 0.5), 1.25)
    assert result.dice == pytest.approx(0.6)  # 6 of 10 columns are common
    assert result.hd95_mm == pytest.approx(2.0)  # 4 pixels of 0.5 mm
    assert result.rvd == 0.0
    assert 0 < result.nsd < 1


def test_distances_follow_the_spacing():
    one, other = a_box((2, 10, 10), (8, 20, 20)), a_box((3, 10, 10), (9, 20, 20))
    assert agreement(one, other, (5.0, 0.5, 0.5), 1.25).hd95_mm == pytest.approx(5.0)


def test_a_mask_half_as_large_has_a_volume_difference_of_a_half():
    result = agreement(a_box((2, 10, 10), (8, 20, 15)), a_box((2, 10, 10), (8, 20, 20)), (5, 0.5, 0.5), 1.25)
    assert result.rvd == pytest.approx(0.5)
    assert result.volume_error_ml == pytest.approx(-0.375)


def test_empty_masks_follow_the_stated_convention():
    empty, full = a_box((0, 0, 0), (0, 0, 0)), a_box((2, 10, 10), (8, 20, 20))
    assert agreement(empty, empty, (5, 1, 1), 5.0).dice == 1.0
    missed = agreement(empty, full, (5, 1, 1), 5.0)
    assert (missed.dice, missed.nsd, missed.hd95_mm, missed.rvd) == (0.0, 0.0, None, None)
