"""Shares of subtypes fitted to slices and scans whose truth is known."""

import numpy as np
import pytest
from scipy.special import expit

from ICHSegmentationLib.detection.calibration import Calibration
from Training.detection.predictions import predictions_of
from Training.detection.shares import fit_shares


def slices(count, seed, share, names="s"):
    """Scans of ten bleeding slices each; ``share`` tells how likely EDH is from its logit and that of any."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        logits = rng.normal(0, 1.5, (10, 6))
        flags = np.zeros((10, 6), int)
        flags[:, 0] = 1
        flags[:, 1] = rng.random(10) < share(logits[:, 1], logits[:, 0])
        rows += predictions_of(f"{names}{number}", f"{names}{number}", flags, None, logits)
    return rows


def made(own, of_any):
    return expit(1.2 * own - 0.7 * of_any + 0.4)


def test_the_numbers_that_made_the_flags_are_found_again():
    found = fit_shares([slices(800, 0, made)], Calibration())
    assert [found.slopes[0], found.any_slopes[0], found.offsets[0]] == pytest.approx(
        [1.2, -0.7, 0.4], abs=0.08
    )


def test_slices_without_hemorrhage_and_without_a_known_subtype_do_not_count():
    rows = slices(40, 1, made)
    rng = np.random.default_rng(2)
    clean = predictions_of("c", "c", np.zeros((50, 6), int), None, rng.normal(0, 1, (50, 6)))
    untold = np.full((50, 6), -1)
    untold[:, 0] = 1
    unnamed = predictions_of("u", "u", untold, None, rng.normal(0, 1, (50, 6)))
    alone, more = (fit_shares([each], Calibration()) for each in (rows, [*rows, *clean, *unnamed]))
    assert alone.slopes == more.slopes and alone.scan_slopes == more.scan_slopes


def test_a_small_set_weighs_as_much_as_a_large_one():
    always, never = (
        slices(n, n, lambda own, _, p=p: np.full(len(own), p)) for n, p in ((400, 0.9), (20, 0.1))
    )
    found = fit_shares([always, never], Calibration())
    assert found.of_images(np.zeros((1, 6)))[0, 0] == pytest.approx(0.5, abs=0.05)


def test_a_subtype_that_nobody_saw_is_never_likely_though_not_impossible():
    found = fit_shares([slices(40, 3, made), []], Calibration())
    assert found.slopes[4] == found.any_slopes[4] == found.scan_slopes[4] == 0
    assert found.of_images(np.full((1, 6), 9.0))[0, 4] == pytest.approx(1 / 402, rel=0.01)


def test_the_share_of_a_scan_rises_with_the_part_of_its_slices_that_show_the_subtype():
    rng = np.random.default_rng(4)
    rows = []
    for number in range(60):
        there = number % 2
        logits = rng.normal(0, 0.5, (10, 6))
        logits[:, 1] += 3 * there
        flags = np.zeros((10, 6), int)
        flags[:, 0], flags[:, 1] = 1, there
        rows += predictions_of(f"s{number}", f"s{number}", flags, None, logits)
    found = fit_shares([rows], Calibration())
    judging = Calibration(scan_temperature=1.0, shares=found)
    with_it, without = (judging.of_scan(np.array([row.logits for row in rows[s : s + 10]])) for s in (10, 0))
    assert with_it[1] > 0.6 * with_it[0] > 0.2 > without[1]


def test_slices_that_never_bleed_give_shares_too():
    rows = predictions_of("c", "c", np.zeros((5, 6), int), None, np.zeros((5, 6)))
    assert fit_shares([rows], Calibration()).of_images(np.zeros((1, 6))).tolist() == [[0.5] * 5]
