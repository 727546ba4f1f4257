"""Temperature and reliability on logits whose truth is known."""

import numpy as np
import pytest
from scipy.special import expit

from Training.detection.calibration import (
    expected_error,
    fit_platt,
    fit_temperature,
    reliability,
)


def honest(count=20_000, seed=1):
    """Logits, and flags that come true as often as the logits say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, count)
    return rng.random(count) < 1 / (1 + np.exp(-logits)), logits


def test_the_temperature_of_logits_three_times_too_sure_is_three():
    flags, logits = honest()
    assert fit_temperature(flags, logits) == pytest.approx(1, abs=0.04)
    assert fit_temperature(flags, 3 * logits) == pytest.approx(3, abs=0.12)


def test_one_kind_alone_has_no_temperature():
    assert fit_temperature([True, True], [0.1, 3.0]) == 1.0


def test_the_curve_of_honest_logits_lies_on_the_diagonal():
    flags, logits = honest()
    curve = reliability(flags, expit(logits))
    assert len(curve) == 10 and sum(part.count for part in curve) == len(flags)
    assert all(part.said == pytest.approx(part.seen, abs=0.04) for part in curve)
    assert expected_error(curve) < 0.02 < expected_error(reliability(flags, expit(3 * logits)))


def test_a_curve_by_hand():
    curve = reliability([True, False, True], [0.95, 0.91, 1.0], bins=10)
    assert [(part.count, part.seen) for part in curve] == [(3, pytest.approx(2 / 3))]
    assert expected_error(curve) == pytest.approx(2.86 / 3 - 2 / 3)


def test_huge_logits_are_certain_and_no_error():
    assert expit(np.array([1e6, -1e6])).tolist() == pytest.approx([1.0, 0.0])


def test_logits_that_were_scaled_and_shifted_are_brought_back():
    flags, logits = honest()
    temperature, offset = fit_platt(flags, 3 * (logits + 2))
    assert temperature == pytest.approx(3, abs=0.12)
    assert offset == pytest.approx(-2, abs=0.1)
    assert fit_platt([True, True], [0.1, 3.0]) == (1.0, 0.0)


def test_platt_is_the_logistic_regression_of_another_library():
    linear_model = pytest.importorskip("sklearn.linear_model")
    flags, logits = honest(5_000)
    other = linear_model.LogisticRegression(C=1e9, tol=1e-8).fit((logits * 2 - 1)[:, None], flags)
    temperature, offset = fit_platt(flags, logits * 2 - 1)
    assert 1 / temperature == pytest.approx(other.coef_[0, 0], rel=0.01)
    assert offset == pytest.approx(other.intercept_[0], rel=0.01)


def test_few_flags_are_never_certain():
    # however well they are told apart, the two slices of a kind stay a little doubtful (3 of 4)
    temperature, offset = fit_platt([False, False, True, True], [-1.0, -1.0, 1.0, 1.0])
    assert expit(np.array([1.0]) / temperature + offset)[0] == pytest.approx(0.75, abs=1e-3)
