"""Temperature and reliability on logits whose truth is known."""

import numpy as np
import pytest

from Training.detection.calibration import expected_error, fit_temperature, probabilities, reliability


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
    curve = reliability(flags, probabilities(logits))
    assert len(curve) == 10 and sum(part.count for part in curve) == len(flags)
    assert all(part.said == pytest.approx(part.seen, abs=0.04) for part in curve)
    assert expected_error(curve) < 0.02 < expected_error(reliability(flags, probabilities(3 * logits)))


def test_a_curve_by_hand():
    curve = reliability([True, False, True], [0.95, 0.91, 1.0], bins=10)
    assert [(part.count, part.seen) for part in curve] == [(3, pytest.approx(2 / 3))]
    assert expected_error(curve) == pytest.approx(2.86 / 3 - 2 / 3)


def test_huge_logits_are_certain_and_no_error():
    assert probabilities([1e6, -1e6]).tolist() == pytest.approx([1.0, 0.0])
