"""Several scans in one go, on the same engine as the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import ICHError, InputError
from ICHSegmentationLib.events import Event
from ICHSegmentationLib.printable import printable

from .batch_run import SUMMARY
from .database_scans import discard_series
from .guard import Guard
from .translation import tr as _
from .widgets import Sentence, path_in

_SHOWN = 5
"""So many lines on failures, and so many names in each."""


class BatchSection:
    """Starts a batch, and counts what is done.

    Args:
        setup_section: gives the settings of a run and says whether one can start.
        setup: makes the batch's worker, and finds scans in a folder or the DICOM database.
    """

    def __init__(self, ui: Any, setup_section: Any, setup: Any, desk: Any, guard: Guard) -> None:
        self._ui, self._section, self._setup = ui, setup_section, setup
        self._told = Sentence(ui.batchLabel)
        self._worker: Any = None
        self._gathered: list[Path] = []
        ui.batchStartButton.clicked.connect(guard(self.start_folder, self._told))
        ui.batchDatabaseButton.clicked.connect(guard(self.start_selected, self._told))
        ui.batchCancelButton.clicked.connect(self.cancel)
        self._show()

    @property
    def running(self) -> bool:
        return self._worker is not None

    def start_folder(self) -> None:
        """Segment every scan in the chosen folder that has no result yet.

        Raises:
            InputError: a folder is not chosen, or holds no scan.
        """
        folder = path_in(self._ui.batchInputPath)
        if not Path(folder).is_dir() or not folder:
            raise InputError(_("Expected a folder with scans, found none chosen."), _("Choose one above."))
        scans, output = self._setup.scans_in(Path(folder)), self._output()
        self._section.require_ready()
        self._start(scans, output)

    def start_selected(self) -> None:
        """Segment the head CTs of the patients selected in the DICOM database.

        Raises:
            InputError: a folder is not chosen, or no patient with a CT is selected.
        """
        output = self._output()
        self._section.require_ready()
        self._gathered = self._setup.selected_scans()
        self._start(self._gathered, output)

    def cancel(self) -> None:
        if self._worker is not None:
            self._ui.batchCancelButton.setEnabled(False)
            self._worker.cancel()

    def abandon(self) -> None:
        """Slicer closes: end the run and tell nobody."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
        self._discard_gathered()

    def _output(self) -> Path:
        output = path_in(self._ui.batchOutputPath)
        if not output:
            raise InputError(_("Expected a folder for results, found none chosen."), _("Choose one above."))
        return Path(output)

    def _start(self, scans: list[Path], output: Path) -> None:
        try:
            self._worker = self._setup.make_batch_worker(self._hear, self._end)
            self._show()
            self._told.say(_("0 of {number} scans are done.").format(number=len(scans)))
            self._worker.start_all(scans, output, self._section.settings(uncertainty=False))
        except ICHError:
            self._finish()
            raise

    def _hear(self, event: Event) -> None:
        if self._worker is None:
            return
        self._ui.batchProgressBar.setValue(round(1000 * self._worker.fraction))
        self._tell()

    def _tell(self, *more: str) -> None:
        lines = self._worker.lines
        done = sum(line.state == "done" for line in lines)
        counted = _("{done} of {number} scans are done.").format(done=done, number=len(lines))
        self._told.say("\n".join([counted, *_failures(lines), *more]))

    def _end(self, outcome: Any) -> None:
        if self._worker is None:
            return
        stopped = outcome.kind == "cancelled"
        advice = _("The rest was cancelled; the next run goes on there.") if stopped else outcome.advice
        self._tell(*filter(None, (advice, self._worker.summary_trouble)))
        self._finish()

    def _finish(self) -> None:
        self._worker = None
        self._discard_gathered()
        self._show()

    def _discard_gathered(self) -> None:
        discard_series(self._gathered)
        self._gathered = []

    def _show(self) -> None:
        running = self.running
        for widget in (self._ui.batchProgressBar, self._ui.batchCancelButton):
            widget.setVisible(running)
            widget.setEnabled(running)
        for widget in (self._ui.batchStartButton, self._ui.batchDatabaseButton):
            widget.setEnabled(not running)


def _failures(lines: Sequence[Any]) -> list[str]:
    """Why scans failed: a line for all that failed alike, and no more lines than a panel can show."""
    names: dict[str, list[str]] = {}
    for line in lines:
        if line.state == "failed":
            names.setdefault(line.message, []).append(printable(line.case or line.scan.name))
    commonest = sorted(names.items(), key=lambda told: -len(told[1]))
    told = [f"{_some(of_it)}: {message}" for message, of_it in commonest[:_SHOWN]]
    if left := sum(len(of_it) for _message, of_it in commonest[_SHOWN:]):
        more = _("{number} more failed; {table} in the results folder tells why.")
        told.append(more.format(number=left, table=SUMMARY))
    return told


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    if len(names) <= _SHOWN:
        return shown
    return _("{names} and {number} more").format(names=shown, number=len(names) - _SHOWN)
