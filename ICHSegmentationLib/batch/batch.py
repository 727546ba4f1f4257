"""Many scans, unattended: find them, do what is not done yet, and tell what became of each."""

import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from .. import models
from ..doctor.packages import versions
from ..errors import DiskFullError, NotWritableError, OutputError
from ..events import BatchProgress, Failed, Finished, Listener, ignore
from ..io.atomic import output_errors, tidy_after_kill, unfinished
from ..models import ModelFolder
from ..pipeline import load_segmenter
from ..pipeline.provenance import describe_model
from ..settings import SegmentationSettings
from .case import Case, Found
from .claim import claimed
from .crew import Events, done_by_workers
from .doing import STAGING
from .equipment import Equipment, LoadSegmenter
from .find import find_cases
from .ledger import Entry, Ledger
from .limits import MOST_WORKERS, fitting_workers, threads_of_each
from .options import BatchOptions, BatchResult, require_possible
from .outcome import Outcome, Problem, Unworkable
from .plan import PlannedCase, Planner, require_free_way
from .rows import Row, row_of, row_of_outcome
from .summary import Provenance, counts, write_summary

STATE = ".ichseg-batch"
"""The batch's own folder among the results: its ledger, its locks, and files that cases are read from."""

_LEDGER = "ledger.sqlite"
_REFRESH_S = 10.0

_log = logging.getLogger(__name__)


def plan_batch(
    source: Path, out_dir: Path, settings: SegmentationSettings, options: BatchOptions
) -> tuple[list[PlannedCase], Found]:
    """What :func:`run_batch` would do; nothing is written.

    Raises:
        ICHError: what :func:`run_batch` would raise before its first case.
    """
    require_possible(settings, options)
    found = find_cases(source, out_dir, options.keep_identifiers)
    return _planner(found, out_dir, settings, options).plan(found.cases, _entries(out_dir)), found


def run_batch(
    source: Path,
    out_dir: Path,
    settings: SegmentationSettings,
    options: BatchOptions,
    listen: Listener = ignore,
    load: LoadSegmenter = load_segmenter,
) -> BatchResult:
    """Segment, or measure, every case of ``source`` that has no result yet in ``out_dir``.

    Each case gets the folder that :func:`ICHSegmentationLib.pipeline.segment_case` gives it; the summary
    beside them is renewed while the batch runs. Whatever ends this process, the next call with the same
    arguments goes on where it was. One failing case stops no other.

    Args:
        source: see :func:`.find.find_cases`.
        load: gives each worker its segmenter.

    Raises:
        InputError: nothing to do was found, or the options do not go together.
        OutputExistsError: results are in the way, see :func:`.plan.require_free_way`.
        OutputError: another batch works in ``out_dir``, or it cannot be written, or the disk is full.
        ModelError, DependencyError, DeviceError, InsufficientMemoryError: the model cannot be loaded.
        WorkerLostError: workers die before they begin a case.
    """
    require_possible(settings, options)
    state_dir = out_dir / STATE
    with output_errors(state_dir):
        state_dir.mkdir(parents=True, exist_ok=True)
    with claimed(state_dir), Ledger.open(state_dir / _LEDGER) as ledger:
        found = find_cases(source, out_dir, options.keep_identifiers)
        entries = ledger.entries()
        _tidy(out_dir, entries)
        planner = _planner(found, out_dir, settings, options)
        planned = planner.plan(found.cases, entries)
        require_free_way(planned)
        ledger.write(_begun(each) for each in planned)
        batch = _Batch(out_dir, planner, planned, found, entries, ledger, listen)
        return batch.run(options, load)


class _Batch:
    """One run of a batch: what is known of every case, and the summary of it."""

    def __init__(
        self,
        out_dir: Path,
        planner: Planner,
        planned: Sequence[PlannedCase],
        found: Found,
        entries: dict[str, Entry],
        ledger: Ledger,
        listen: Listener,
    ) -> None:
        self._out_dir, self._ledger, self._listen = out_dir, ledger, listen
        self._settings, self._model = planner.settings, planner.model
        self._to_do = {each.case.name: each for each in planned if each.action == "do"}
        self._rows = {each.case.name: _row(each) for each in planned}
        self._other_rows = _rows_beside(found, entries)
        self._other_files = found.other_files
        self._ended = 0
        self._began = self._written = time.monotonic()

    def run(self, options: BatchOptions, load: LoadSegmenter) -> BatchResult:
        told = self._crew([each.case for each in self._to_do.values()], options, load)
        try:
            self._tell_progress()
            self._write_summary()
            with closing(told):
                for message in told:
                    if isinstance(message, Outcome):
                        self._record(message)
                    else:
                        self._listen(message)
        except BaseException:  # Ctrl-C too: the summary tells what was done until then
            with suppress(OutputError):
                self._close()
            raise
        self._close()
        return BatchResult(tuple(self._all_rows()))

    def _crew(self, cases: Sequence[Case], options: BatchOptions, load: LoadSegmenter) -> Events:
        """What is told by those who do the cases; nobody begins before it is listened to."""
        wanted = options.workers or fitting_workers(self._settings.device)
        size = min(wanted, max(1, len(cases)), MOST_WORKERS)
        threads = self._settings.threads or (1 if options.ray else threads_of_each(size))
        equipment = Equipment(
            self._out_dir,
            self._out_dir / STATE,
            replace(self._settings, threads=threads, overwrite=True),
            load if self._model else None,
            options.memory_mb,
            self._model.manifest.sha256 if self._model else None,
        )
        if not options.ray:
            return done_by_workers(cases, equipment, size)
        from .ray_crew import done_by_ray

        return done_by_ray(cases, equipment, options.ray, options.workers)

    def _record(self, outcome: Outcome) -> None:
        """Make the outcome last before anybody hears of it."""
        result = outcome.result
        if isinstance(result, Problem) and result.code == DiskFullError.code:
            raise Unworkable(result)
        planned = self._to_do.pop(outcome.case)
        row = row_of_outcome(planned.case, outcome)
        entry = replace(planned.entry, status=row["status"], input_sha256=outcome.input_sha256, row=row)
        self._ledger.write([entry])
        self._rows[outcome.case] = row
        self._ended += 1
        if isinstance(result, Finished):
            self._listen(result)
        else:
            self._listen(Failed(outcome.case, result.code, result.message, result.hint))
        self._tell_progress()
        if time.monotonic() - self._written > _REFRESH_S:
            self._renew_summary()

    def _tell_progress(self) -> None:
        number = counts(list(self._rows.values()))
        a_case_s = (time.monotonic() - self._began) / self._ended if self._ended else None
        self._listen(
            BatchProgress(
                number["done"],
                number["failed"],
                number["waiting"],
                round(60 / a_case_s, 2) if a_case_s else None,
                round(number["waiting"] * a_case_s, 1) if a_case_s else None,
            )
        )

    def _close(self) -> None:
        """No worker is left: take away what the killed ones left behind, and write the summary."""
        _tidy(self._out_dir, self._rows)
        self._write_summary()

    def _write_summary(self) -> None:
        settings = {**self._settings.to_dict(), "model": self._model.manifest.id if self._model else None}
        provenance = Provenance(
            describe_model(self._model) if self._model else None, settings, versions(), self._other_files
        )
        write_summary(self._out_dir, self._all_rows(), provenance)
        self._written = time.monotonic()

    def _renew_summary(self) -> None:
        """No reason to end the batch if it cannot be: on Windows, Excel keeps a table that it shows."""
        try:
            self._write_summary()
        except NotWritableError as error:
            self._written = time.monotonic()
            _log.warning("The summary is not up to date, and is tried again later. %s", error)

    def _all_rows(self) -> list[Row]:
        return [*self._rows.values(), *self._other_rows]


def _planner(found: Found, out_dir: Path, settings: SegmentationSettings, options: BatchOptions) -> Planner:
    if all(case.mask for case in found.cases):
        return Planner(out_dir, settings, None, None, options.retry)
    return Planner(out_dir, settings, models.find(settings.model), _detector(settings), options.retry)


def _detector(settings: SegmentationSettings) -> ModelFolder | None:
    """What judges the scans beside the segmentation, see :func:`..pipeline.detection.detector_for`."""
    if not settings.detect or (settings.detector == models.DETECTOR and not models.has_detector()):
        return None
    return models.find(settings.detector)


def _entries(out_dir: Path) -> dict[str, Entry]:
    path = out_dir / STATE / _LEDGER
    if not path.is_file():
        return {}
    with Ledger.open(path) as ledger:
        return ledger.entries()


def _begun(planned: PlannedCase) -> Entry:
    """What the ledger says from now on: whatever comes to stand in the folder of a waiting case is ours."""
    if planned.action == "do":
        return replace(
            planned.entry, status="waiting", input_sha256=None, row=row_of(planned.case, "waiting")
        )
    return planned.entry


def _row(planned: PlannedCase) -> Row:
    if planned.action == "do":
        return row_of(planned.case, "waiting")
    now = row_of(planned.case, planned.entry.status)
    return {**planned.entry.row, "input": now["input"]}  # the input's own columns may have changed


def _rows_beside(found: Found, entries: dict[str, Entry]) -> list[Row]:
    """What was left out, and results of earlier runs whose input is no longer given."""
    names = {case.name for case in found.cases}
    earlier = [entry.row for entry in entries.values() if entry.status == "done" and entry.name not in names]
    return [*earlier, *(row_of(left, "left out", error=left.reason) for left in found.left_out)]


def _tidy(out_dir: Path, names: dict[str, Row] | dict[str, Entry]) -> None:
    """Take away what killed workers left: files that cases were read from, and half-written results."""
    shutil.rmtree(out_dir / STATE / STAGING, ignore_errors=True)
    for path in unfinished(out_dir):
        if path.name in names:
            tidy_after_kill(path)
