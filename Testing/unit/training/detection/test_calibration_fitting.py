"""A calibration fitted to predictions, and out of fold: of each case to the other tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ICHSegmentationLib.detection import CLASSES as LIBRARY_CLASSES
from Training.datasets.case import SliceLabel
from Training.detection.fitting import fit_calibration, out_of_fold
from Training.detection.predictions import CLASSES, predictions_of


def scans(count, seed, shift=0.0, names="s"):
    """Every second bleeds, on about 8 of 20 slices."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        chance = 0.4 if number % 2 else 0.0
        there = rng.random(20) < chance
        there[0] = number % 2
        logits = rng.normal(np.where(there, 2.0, -2.0), 1.0) + shift
        flags = np.zeros((20, 6), int)
        flags[:, 0] = flags[:, 5] = there
        label = SliceLabel.of({"subdural"} if there.any() else set())
        both = np.stack([logits, *[np.full(20, -3.0)] * 4, logits], axis=1)
        rows += predictions_of(f"{names}{number}", f"{names}{number}", flags, label, both)
    return rows


def test_slices_and_scans_say_after_it_on_average_what_is_so():
    rows = scans(60, 0, shift=4.0)
    found = fit_calibration(rows)
    logits = np.array([row.logits for row in rows])
    flags = np.array([row.flags for row in rows], float)
    said = found.of_images(logits)
    assert said[:, 0].mean() == pytest.approx(flags[:, 0].mean(), abs=0.01)
    assert said[:, 5].mean() == pytest.approx(flags[:, 5].mean(), abs=0.01)
    assert said[:, 1].mean() < 0.01  # never seen, so never likely, though not impossible
    of_scans = np.stack([found.of_scan(logits[start : start + 20]) for start in range(0, len(rows), 20)])
    bleeds = np.array([rows[start].scan_flags[0] for start in range(0, len(rows), 20)])
    assert of_scans[:, 0].mean() == pytest.approx(bleeds.mean(), abs=0.02)
    assert (of_scans[bleeds, 0] > 0.5).mean() > 0.9 > 0.1 > (of_scans[~bleeds, 0] > 0.5).mean()


def test_painted_copies_have_no_part_in_whether_there_is_any_hemorrhage():
    rows, painted = scans(20, 1), scans(20, 2, shift=3.0, names="p")
    alone, helped = fit_calibration(rows), fit_calibration(rows, painted)
    assert helped.shares != alone.shares
    assert replace(helped, shares=None) == replace(alone, shares=None)


def test_a_case_has_no_part_in_its_own_calibration():
    tables = [scans(20, 1, names="a"), scans(20, 2, shift=5.0, names="b")]
    found = out_of_fold(tables)
    assert found["a3"] == fit_calibration(tables[1]) and found["b3"] == fit_calibration(tables[0])
    painted = [scans(6, 3, names="c"), scans(6, 4, names="d")]
    assert out_of_fold(tables, painted)["a3"] == fit_calibration(tables[1], painted[1])
    logit = np.full((1, 6), 1.0)
    assert (
        found["a3"].of_images(logit)[0, 0]
        < 0.1
        < expit(logit)[0, 0]
        < found["b3"].of_images(logit)[0, 0] + 0.2
    )


def test_the_training_counts_classes_in_the_order_of_the_library():
    assert CLASSES[1:] == LIBRARY_CLASSES[1:] and LIBRARY_CLASSES[0] == "hemorrhage"
