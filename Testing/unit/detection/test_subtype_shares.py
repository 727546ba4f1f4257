"""Subtypes as shares of any hemorrhage, on numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ICHSegmentationLib.detection.calibration import Calibration
from ICHSegmentationLib.detection.subtype_shares import SubtypeShares

ONES, NONE = (1.0,) * 5, (0.0,) * 5


def test_a_slice_shows_a_subtype_as_often_as_it_bleeds_and_then_is_of_it():
    shares = SubtypeShares((2.0, *ONES[1:]), (-1.0, *NONE[1:]), (np.log(3), *NONE[1:]), ONES, NONE)
    found = Calibration(shares=shares).of_images(np.array([[np.log(4), np.log(2), 0, 0, 0, -50]]))
    # any: 4 / 5; EDH: odds of 2² / 4 · 3 = 3, so 3 / 4 of it; IPH: half of it; SDH: nothing
    assert found[0].tolist() == pytest.approx([0.8, 0.6, 0.4, 0.4, 0.4, 0], abs=1e-9)


def test_a_scan_has_a_subtype_by_the_part_of_its_bleeding_slices_that_show_it():
    # Two slices that bleed for certain; EDH on half of each, IPH on a fifth.
    logits = np.full((2, 6), -50.0)
    logits[:, 0], logits[:, 1], logits[:, 2] = 50, 0, np.log(0.25)
    shares = SubtypeShares(ONES, NONE, NONE, (2.0,) * 5, (np.log(4),) * 5)
    found = Calibration(scan_temperature=1.0, shares=shares).of_scan(logits)
    # any: odds of two slices, 2 / 3; EDH: odds of 4 · 0.5² = 1; IPH: of 4 · 0.2² = 0.16
    assert found[:3].tolist() == pytest.approx([2 / 3, 1 / 3, 2 / 3 * 0.16 / 1.16])
    assert found[5] == pytest.approx(0, abs=1e-9)


def test_more_of_the_same_hemorrhage_makes_no_other_subtype_likelier():
    shares = SubtypeShares(ONES, (-0.5,) * 5, NONE, ONES, NONE)
    found = Calibration(scan_temperature=1.0, shares=shares)
    logits = np.array([[3.0, 2, -2, -2, -2, -2]])
    few, many = (found.of_scan(np.repeat(logits, count, axis=0)) for count in (2, 20))
    assert many[0] > few[0]
    np.testing.assert_allclose(many[1:] / many[0], few[1:] / few[0])


@given(logits=arrays(np.float32, (5, 6), elements=st.floats(-40, 40, width=32)), counted=st.booleans())
def test_no_subtype_is_likelier_than_any_hemorrhage_nor_a_slice_than_its_scan(
    logits: np.ndarray, counted: bool
):
    shares = SubtypeShares((2.0,) * 5, (-1.0,) * 5, (1.0,) * 5, (1.5,) * 5, (2.0,) * 5)
    found = Calibration(0.7, scan_slices=2, scan_temperature=0.5 if counted else None, shares=shares)
    slices, scan = found.of_all_images(logits), found.of_scan(logits)
    assert (slices[:, 1:] <= slices[:, :1]).all() and (scan[1:] <= scan[0]).all()
    assert (slices <= scan * (1 + 1e-9)).all() and np.isfinite(slices).all()
