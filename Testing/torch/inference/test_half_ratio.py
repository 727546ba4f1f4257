"""The vote of Li and Chen on votes made by hand; docs/half-ratio.md derives the rule."""

import numpy as np
import pytest

from ICHSegmentationLib.inference.half_ratio import HalfRatioRule, half_ratio

PAPER = HalfRatioRule()


def votes(*counts: int) -> np.ndarray:
    return np.array(counts, np.uint8).reshape(1, 1, -1)


def kept(*counts: int, rule: HalfRatioRule = PAPER, models: int = 15) -> list[int]:
    """The votes of the voxels that become hemorrhage."""
    given = votes(*counts)
    return given[rule.mask(given, models)].tolist()


def test_the_half_ratio_counts_exactly_half_rounded_down_over_all_that_anyone_voted_for():
    assert half_ratio(votes(15, 8, 7, 7, 6, 1, 0, 0, 0), 15) == pytest.approx(2 / 6)
    assert half_ratio(votes(2, 2, 4, 1, 0), 5) == pytest.approx(2 / 4)


def test_without_any_vote_there_is_no_hemorrhage_and_nothing_to_be_unsure_of():
    assert half_ratio(votes(0, 0, 0), 15) == 0.0
    assert kept(0, 0, 0) == []
    assert half_ratio(votes(0, 0, 0), 1) == 0.0, "half of one vote is none, and nobody voted"


def test_in_a_case_of_low_ratio_more_than_one_vote_is_enough():
    assert kept(15, 15, 9, 8, 7, 2, 1, 0) == [15, 15, 9, 8, 7, 2]


def test_in_a_case_of_high_ratio_only_a_majority_is_enough():
    assert kept(7, 7, 7, 9, 2) == [9], "3 of 5 voxels have 7 of 15 votes"


@pytest.mark.parametrize(("counts", "expected"), [((7, 7, 15, 3), [7, 7, 15, 3]), ((7, 7, 7, 15, 3), [15])])
def test_a_ratio_of_exactly_one_half_is_low(counts: tuple[int, ...], expected: list[int]):
    assert kept(*counts) == expected


def test_one_vote_is_never_enough_and_eight_always_are():
    rng = np.random.default_rng(1)
    for _ in range(50):
        given = rng.integers(0, 16, (4, 5, 6))
        mask = PAPER.mask(given, 15)
        assert not mask[given <= 1].any()
        assert mask[given >= 8].all()


def test_other_thresholds_move_the_rule():
    assert kept(3, 2, 1, rule=HalfRatioRule(0.5, 2, 4), models=8) == [3]
    assert kept(5, 4, 4, 3, rule=HalfRatioRule(0.4, 2, 4), models=8) == [5], "2 of 4 is above 0.4"
