"""What one process tells, another reads."""

import io

import pytest

from ICHSegmentationLib import events


@pytest.mark.parametrize(
    "event",
    [
        events.ProcessStarted(4711),
        events.Started("ct", "/scans/ct.nii.gz"),
        events.Progress("ct", "locate", 0.25),
        events.Warned("ct", "Thick slices — 7 mm."),
        events.Finished("ct", {"mask": "m.nii.gz"}, {"total_volume_ml": 3.5}),
        events.Failed("ct", "no_head", "Expected a head, found air.", "Choose another scan."),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_written_as_a_line_is_read_back(event: events.Event) -> None:
    stream = io.StringIO()
    events.json_lines(stream)(event)
    assert events.parse_line(stream.getvalue()) == event


@pytest.mark.parametrize(
    "line",
    ["", "text that a library prints", '{"event": "progress", "ca', "[1, 2]", "null", '{"event": "dance"}',
     '{"event": ["progress"]}', '{"event": "progress", "case": "ct"}', '{"no": "event"}'],
)  # fmt: skip
def test_a_line_that_holds_no_event_is_none(line: str) -> None:
    assert events.parse_line(line) is None


def test_keys_of_a_newer_version_are_passed_over() -> None:
    line = '{"event": "progress", "case": "ct", "stage": "locate", "fraction": 0.5, "patch": 3}'
    assert events.parse_line(line) == events.Progress("ct", "locate", 0.5)
