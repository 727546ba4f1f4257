"""Several scans through one worker: a line for each, and a summary that grows with every one that ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from ICHSegmentationLib.errors import CancelledError, OutputError, OutputExistsError
from ICHSegmentationLib.events import Event, Failed, Finished, Progress, Started
from ICHSegmentationLib.settings import SegmentationSettings

from .batch_summary import write_summary
from .outcome import Outcome
from .translation import tr as _

SUMMARY = "summary.csv"

State = Literal["waiting", "running", "done", "failed", "cancelled"]
_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class BatchLine:
    """What is known of one scan.

    Attributes:
        case: its name in the results; empty while it waits.
        stage, fraction: how far it has come.
        message: why it failed, or what else is to be known.
        measurements: as in ``measurements.json``.
    """

    scan: Path
    case: str = ""
    state: State = "waiting"
    stage: str = ""
    fraction: float = 0.0
    message: str = ""
    measurements: dict[str, Any] | None = None


class ManyScanWorker(Protocol):
    """See :class:`.worker.Worker`."""

    def start_all(self, scans: Sequence[Path], out_dir: Path, settings: SegmentationSettings) -> None: ...
    def cancel(self) -> None: ...


class BatchRun:
    """Scans that have a result already keep it and count as done, so that a batch can be taken up again.

    Args:
        make_worker: makes the worker, given who hears its events and its outcome.
        on_event: hears every event, at a time when :attr:`lines` tell of it already.
        on_finished: hears of the end, once.
    """

    def __init__(
        self,
        make_worker: Callable[[Callable[[Event], None], Callable[[Outcome], None]], ManyScanWorker],
        on_event: Callable[[Event], None] = lambda event: None,
        on_finished: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._worker = make_worker(self._hear, self._end)
        self._on_event, self._on_finished = on_event, on_finished
        self.lines: list[BatchLine] = []
        self.summary_trouble = ""
        """Why the summary is not that of now; empty where it is."""
        self._place = -1

    def start_all(self, scans: Sequence[Path], out_dir: Path, settings: SegmentationSettings) -> None:
        """Segment ``scans`` one after the other into folders of ``out_dir``, which also gets the summary."""
        self._out_dir = out_dir
        self.lines = [BatchLine(scan) for scan in scans]
        self._worker.start_all(scans, out_dir, settings)

    def cancel(self) -> None:
        self._worker.cancel()

    @property
    def fraction(self) -> float:
        """How much of the whole batch is done, 0 to 1."""
        parts = [1.0 if line.state in ("done", "failed") else line.fraction for line in self.lines]
        return sum(parts) / len(parts) if parts else 0.0

    def _hear(self, event: Event) -> None:
        event = self._kept(event)
        if isinstance(event, Started):
            self._place += 1  # the command line takes the scans in their order
            self._change(case=event.case, state="running")
        elif isinstance(event, Progress):
            self._change(stage=event.stage, fraction=event.fraction)
        elif isinstance(event, Finished):
            self._change(state="done", fraction=1.0, measurements=event.measurements)
        elif isinstance(event, Failed) and self._place >= 0:
            stopped = event.code == CancelledError.code
            self._change(state="cancelled" if stopped else "failed", message=event.message)
        if isinstance(event, (Finished, Failed)):
            self._write_summary()
        self._on_event(event)

    def _end(self, outcome: Outcome) -> None:
        if all(line.state in _ENDED for line in self.lines):
            outcome = replace(outcome, details="")  # each scan has told its own end
        state: State = "failed" if outcome.kind == "failed" else "cancelled"
        self.lines = [
            replace(line, state=state, message=outcome.message or _("Not begun."))
            if line.state not in _ENDED
            else line
            for line in self.lines
        ]
        self._write_summary()
        if all(line.state == "done" for line in self.lines):
            outcome = Outcome("done", results=outcome.results)
        self._on_finished(outcome)

    def _kept(self, event: Event) -> Event:
        """An earlier result in the place of the failure to write another one there."""
        if not isinstance(event, Failed) or event.code != OutputExistsError.code:
            return event
        folder = self._out_dir / event.case
        try:
            measurements = json.loads((folder / "measurements.json").read_text("utf-8"))
        except (OSError, ValueError):
            return event
        self._change(message=_("An earlier result was kept."))
        return Finished(event.case, {}, measurements)

    def _change(self, **news: Any) -> None:
        self.lines[self._place] = replace(self.lines[self._place], **news)

    def _write_summary(self) -> None:
        try:
            write_summary(self._out_dir / SUMMARY, self.lines)
            self.summary_trouble = ""
        except OutputError as error:  # on Windows, while Excel shows it
            self.summary_trouble = str(error)
