"""How long a run will still take."""

from __future__ import annotations

import pytest
from ICHSegmentationSlicerLib.remaining_time import RemainingTime, remaining_text


class Clock:
    """Stands still unless it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_run_at_even_speed_is_told_exactly() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    for tenth in range(1, 10):
        clock.now = 100 + 4 * tenth
        remaining.progress(tenth / 10)
        assert remaining.seconds == pytest.approx(40 - 4 * tenth)


def test_nothing_is_said_before_it_can_be_known() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    assert remaining.seconds is None
    clock.now += 5
    remaining.progress(0.01)
    assert remaining.seconds is None
    assert remaining_text(remaining.seconds) == ""


def test_it_counts_down_between_two_messages_and_never_below_zero() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    clock.now += 10
    remaining.progress(0.5)
    clock.now += 4
    assert remaining.seconds == pytest.approx(6)
    clock.now += 60
    assert remaining.seconds == 0


def test_a_single_slow_stage_does_not_make_it_jump() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    clock.now += 10
    remaining.progress(0.5)
    clock.now += 10  # the naive estimate doubles, from 10 s to 19 s
    remaining.progress(0.51)
    assert 0 < remaining.seconds < 10


def test_going_back_is_passed_over() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    clock.now += 10
    remaining.progress(0.5)
    remaining.progress(0.2)
    assert remaining.seconds == pytest.approx(10)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "a few seconds left"), (12, "about 15 s left"), (58, "about 1 min left"), (150, "about 2 min left")],
)
def test_it_is_said_as_a_person_would(seconds: float, text: str) -> None:
    assert remaining_text(seconds) == text
