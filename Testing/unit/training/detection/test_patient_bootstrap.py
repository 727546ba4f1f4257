"""Intervals draw patients, not slices."""

import numpy as np
import pytest

from Training.detection.bootstrap import by_patient


def mean_of(values):
    return lambda weights: float(np.average(values, weights=weights))


def test_the_interval_of_a_mean_has_its_standard_error():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    low, high = by_patient([str(n) for n in range(400)], mean_of(values), resamples=4000)
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.06)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.01)


def test_slices_of_one_patient_stay_together():
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 100)
    patients = np.repeat(["a", "b", "c", "d"], 100)
    low, high = by_patient(patients, mean_of(values))
    assert (low, high) == (0.0, 1.0)  # four draws of two kinds; 400 would lie within 0.45 and 0.55


def test_draws_without_a_value_are_left_out_and_too_many_of_them_leave_no_interval():
    assert by_patient(["a", "b"], lambda weights: 1.0 if weights[0] else None) == (1.0, 1.0)
    assert by_patient(["a", "b", "c"], lambda weights: 1.0 if weights[0] == 3 else None) is None
    assert by_patient([], lambda weights: 1.0) is None
