"""AUC, operating points and log loss: by hand, against SciPy, and as their definitions have it."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from Training.detection.metrics import (
    at_sensitivity,
    at_specificity,
    at_threshold,
    auc,
    best_youden,
    log_loss,
)

FLAGS = [False, False, True, False, True, True]
SCORES = [0.1, 0.4, 0.35, 0.8, 0.8, 0.9]


def test_the_auc_counts_pairs_and_half_of_the_ties():
    # 0.35 beats 0.1; 0.8 beats 0.1 and 0.4 and ties with 0.8; 0.9 beats all three: 1 + 2.5 + 3 of 9
    assert auc(FLAGS, SCORES) == pytest.approx(6.5 / 9)


def test_the_auc_is_that_of_the_mann_whitney_test():
    rng = np.random.default_rng(3)
    flags = rng.random(300) < 0.3
    scores = np.round(rng.normal(size=300) + flags, 1)  # with ties
    wanted = mannwhitneyu(scores[flags], scores[~flags]).statistic / (flags.sum() * (~flags).sum())
    assert auc(flags, scores) == pytest.approx(wanted, abs=1e-12)


def test_weights_count_as_repeated_slices():
    weights = [2, 0, 3, 1, 1, 0]
    repeated = auc(np.repeat(FLAGS, weights), np.repeat(SCORES, weights))
    assert auc(FLAGS, SCORES, weights) == pytest.approx(repeated)


def test_there_is_no_auc_of_one_kind_alone():
    assert auc([True, True], [0.1, 0.2]) is None
    assert auc(FLAGS, SCORES, [1, 1, 0, 1, 0, 0]) is None


def test_a_threshold_counts_as_positive_itself():
    point = at_threshold(FLAGS, SCORES, 0.8)
    assert (point.sensitivity, point.specificity) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_the_highest_threshold_that_finds_two_thirds_is_the_second_best_positive():
    assert at_sensitivity(FLAGS, SCORES, 0.6).threshold == 0.8
    assert at_sensitivity(FLAGS, SCORES, 0.95).threshold == 0.35


def test_the_lowest_threshold_of_full_specificity_lies_above_the_best_negative():
    point = at_specificity(FLAGS, SCORES, 1.0)
    assert (point.threshold, point.sensitivity) == (0.9, pytest.approx(1 / 3))
    assert at_specificity(FLAGS, [0, 0, 0, 1, 0, 0], 1.0).specificity == 1.0


def test_the_best_youden_index_is_that_of_the_best_threshold():
    point = best_youden([False, False, True, True], [0.1, 0.3, 0.2, 0.9])
    assert (point.threshold, point.sensitivity + point.specificity) == (0.2, 1.5)


def test_the_log_loss_of_a_coin_is_the_logarithm_of_two():
    assert log_loss([True, False], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert log_loss([True, False], [0.8, 0.4]) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
