"""Where the seconds of an epoch went, told with a clock that is moved by hand."""

import pytest

from Training.loop import clock


def test_the_share_of_waiting_is_that_between_work_and_the_next_batch(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    own = clock.Clock()
    for waiting, working in ((3.0, 1.0), (0.5, 5.5)):
        now[0] += waiting
        own.waited()
        now[0] += working
        own.worked()
    assert own.told(patches=4) == {"seconds": 10.0, "waiting_share": 0.35, "patches_per_s": 0.4}


def test_saving_counts_as_work_and_starts_the_time_to_the_next_save_anew(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    own = clock.Clock()
    own.waited()
    own.worked()
    now[0] = 8.0
    assert own.since_saved() == 8.0
    own.saved()
    assert own.since_saved() == 0.0
    now[0] = 10.0
    own.waited()
    assert own.told(patches=1)["waiting_share"] == pytest.approx(0.2), "the 2 s after the save alone"
