import numpy as np
import pytest

from ICHSegmentationLib.preparation.skull_base import without_parts_beneath

SIZE = (2.5, 2.0, 2.0)
HEIGHT = 20
"""Slices; a hole of the bone plate lies between 10 and 12."""


@pytest.fixture
def chambers():
    """A brain of 64 mm above a plate of bone and a muscle of 30 x 40 x 40 mm beneath it."""
    inside = np.zeros((HEIGHT, 50, 50), dtype=bool)
    inside[12:18, 8:40, 8:40] = True
    inside[0:10, 20:40, 20:40] = True
    return inside


def joined(chambers, width_mm):
    """With a passage of this width through the plate."""
    pixels = round(width_mm / SIZE[1])
    chambers[10:12, 30 : 30 + pixels, 30 : 30 + pixels] = True
    return chambers


@pytest.mark.parametrize("width_mm", [4, 8])
def test_a_muscle_that_a_foramen_joins_is_cut_off(chambers, width_mm):
    inside = joined(chambers.copy(), width_mm)
    kept = without_parts_beneath(inside, SIZE)
    assert not (kept & ~inside).any()
    assert kept[12:].sum() == chambers[12:].sum()
    assert not kept[:9].any()


def test_what_a_wide_passage_joins_stays(chambers):
    inside = joined(chambers, 20)
    np.testing.assert_array_equal(without_parts_beneath(inside, SIZE), inside)


def test_a_small_part_stays_as_it_may_be_the_end_of_a_lobe(chambers):
    chambers[:10] = False
    chambers[4:10, 20:28, 20:28] = True  # 16 x 16 x 15 mm, 3.8 mL
    inside = joined(chambers, 4)
    np.testing.assert_array_equal(without_parts_beneath(inside, SIZE), inside)


def test_a_lobe_that_the_uppermost_slice_cuts_stays(chambers):
    """A scan of the skull's base alone: what joins its parts lies above."""
    inside = joined(chambers, 4)[:18]
    inside[10:, 44:, :] = inside[10:, :, 44:] = False
    upside_down = inside[::-1]
    np.testing.assert_array_equal(without_parts_beneath(upside_down, SIZE), upside_down)


@pytest.mark.parametrize("inside", [np.zeros((5, 9, 9), dtype=bool), np.ones((1, 30, 30), dtype=bool)])
def test_nothing_and_one_slice_stay_as_they_are(inside):
    np.testing.assert_array_equal(without_parts_beneath(inside, SIZE), inside)
