"""Segments or compares scans in another process, and tells what happens there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ICHSegmentationLib.errors import OutputError
from ICHSegmentationLib.events import Event, Failed, Finished, ProcessStarted, Started, parse_line
from ICHSegmentationLib.settings import DetectionSettings, SegmentationSettings

from .interpreter import Interpreter
from .line_process import Ending, MakeProcess, end_process
from .outcome import Outcome, outcome_of
from .run_process import RunProcess
from .segment_command import comparison_arguments, detection_arguments, segment_arguments, write_list
from .steps import After
from .warm_process import WarmProcess

GRACE_MS = 5000
"""How long a process that was asked to end may take to put its things in order."""

_log = logging.getLogger(__name__)


class Worker:
    """One run, on one scan or several.

    Each scan that was begun ends with ``Finished`` or ``Failed`` on ``on_event``, also where the process was
    killed or never started. ``on_finished`` comes once, after the process has ended and nothing half-written
    is left. Where the program is not there, both may come before :meth:`start` returns.

    Args:
        make_process: makes a ``QProcess``.
        after: to end by force a process that does not end when asked.
        warm: carries out what it can; None gives every run a process of its own.
    """

    def __init__(
        self,
        make_process: MakeProcess,
        interpreter: Interpreter,
        on_event: Callable[[Event], None],
        after: After,
        on_finished: Callable[[Outcome], None] = lambda outcome: None,
        warm: WarmProcess | None = None,
    ) -> None:
        self._process = RunProcess(make_process, interpreter, warm, self._hear, self._end)
        self._interpreter, self._after = interpreter, after
        self._on_event, self._on_finished = on_event, on_finished
        self._told: list[Finished | Failed] = []
        self._current: Started | None = None
        self._pid = 0
        self._cancelling = False
        self._list: Path | None = None

    @property
    def running(self) -> bool:
        return self._process.running

    def start(self, scan: Path, out_dir: Path, settings: SegmentationSettings) -> None:
        """Segment one scan; its result is a folder in ``out_dir``, named after the scan."""
        self._begin(segment_arguments(scan, out_dir, settings), 1, out_dir)

    def start_all(self, scans: Sequence[Path], out_dir: Path, settings: SegmentationSettings) -> None:
        """Segment scans one after the other; one that fails does not stop the others.

        Raises:
            OutputError: or one of its kinds: the list of the scans cannot be written.
        """
        self._list = write_list(scans)
        self._begin(segment_arguments(self._list, out_dir, settings, is_list=True), len(scans), out_dir)

    def start_comparison(self, earlier: tuple[Path, Path], later: tuple[Path, Path], out_dir: Path) -> None:
        """Compare two scans, each given with its mask; ``measurements`` of the result is the comparison."""
        self._begin(comparison_arguments(earlier, later, out_dir), 1, out_dir)

    def start_detection(self, scan: Path, out_dir: Path, settings: DetectionSettings) -> None:
        """Detect hemorrhage on one scan, with heat maps where the settings say so."""
        self._begin(detection_arguments(scan, out_dir, settings), 1, out_dir)

    def _begin(self, arguments: Sequence[str], cases: int, out_dir: Path) -> None:
        self._cases, self._out_dir = cases, out_dir
        self._process.start(arguments)

    def cancel(self) -> None:
        """End the run: the interpreter itself, not only the launcher that Slicer starts it through."""
        if not self.running or self._cancelling:
            return
        self._cancelling = True
        self._discard_list()  # Slicer may close before the process has ended
        self._process.ask_to_end(self._pid)
        self._after(GRACE_MS, self._end_by_force)

    def _end_by_force(self) -> None:
        if self.running:
            self._process.end_by_force(self._pid)

    def _hear(self, line: str) -> None:
        event = parse_line(line)
        if event is None:
            if line.strip():
                _log.debug("The worker wrote: %s", line)
            return
        if isinstance(event, ProcessStarted):
            self._pid = event.pid if isinstance(event.pid, int) and event.pid > 1 else 0
        elif isinstance(event, Started):
            self._current = event
        elif isinstance(event, (Finished, Failed)):
            self._current = None
            self._told.append(event)
        self._on_event(event)

    def _end(self, ending: Ending) -> None:
        self._discard_list()
        if ending.crashed and self._pid not in (0, self._process.launcher):
            end_process(self._pid)  # only the launcher died
        program = self._interpreter.program
        outcome = outcome_of(ending, self._told, self._cases, self._cancelling, program)
        if outcome.kind != "done":
            self._tidy_up()
            self._tell_of_what_was_not_told(outcome)
        self._on_finished(outcome)

    def _discard_list(self) -> None:
        if self._list is not None:
            with suppress(OSError):  # Windows may still read it; then it goes at the end
                self._list.unlink(missing_ok=True)

    def _tidy_up(self) -> None:
        if self._current is None or not self._out_dir.is_dir():  # a run that was abandoned has lost it
            return
        from ICHSegmentationLib.io.atomic import tidy_after_kill

        try:
            tidy_after_kill(self._out_dir / self._current.case)
        except OutputError as error:
            _log.warning("%s", error)

    def _tell_of_what_was_not_told(self, outcome: Outcome) -> None:
        """The end of the scan that was in work, or of a run that never came to one."""
        if self._current is None and self._told:
            return
        case = self._current.case if self._current else ""
        self._on_event(Failed(case, outcome.code, outcome.message, outcome.advice))
