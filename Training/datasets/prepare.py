"""From a data set's folder to a prepared one: every case checked, described and given to a fold."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from ICHSegmentationLib.errors import InputError, InsufficientMemoryError
from ICHSegmentationLib.io.atomic import output_errors

from .case import HELD_OUT, Case
from .case_rows import path_fault
from .check_store import CheckStore
from .checks import CaseReport
from .fingerprint import fingerprint
from .prepared import CASES, DATASET, SPLITS, write_cases, write_json, write_rows, write_splits
from .registry import find_adapter
from .splits import make_splits

FINGERPRINT, PROBLEMS, CHECKS = "fingerprint.json", "problems.csv", "checks"
LEFT_OUT, WARNING = "left out", "warning"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preparation:
    """What came of it: the adapter's name; how many cases are kept, held out of the folds, and left out."""

    adapter: str
    kept: int
    held_out: int
    left_out: int


def prepare(
    folder: Path,
    out: Path,
    adapter: str | None = None,
    folds: int = 5,
    seed: int = 0,
    processes: int | None = None,
) -> Preparation:
    """Check every case and write ``cases.csv``, ``fingerprint.json``, ``problems.csv`` and ``splits.json``.

    A bad case stands in ``problems.csv`` with a sentence and is left out. What was found sound is kept in
    ``checks``, so a killed run goes on where it was; a case whose files changed, and a bad one, is checked
    again.

    Args:
        folder: the data set as its publisher ships it (see docs/datasets.md).
        out: where to write; the data set itself is only read.
        adapter: name of its layout; None finds out.
        processes: how many cases are checked at a time; None takes one for each core, 1 starts no process.

    Raises:
        InputError: the folder holds no known data set, no sound case, or too few patients for the folds.
        InsufficientMemoryError: for so many processes, or for one.
        NotWritableError, DiskFullError, OutputError: see :func:`ICHSegmentationLib.io.atomic.output_errors`.
    """
    folder, out = Path(folder).absolute(), Path(out)
    root = folder if folder.is_dir() else folder.parent
    found = find_adapter(folder, adapter)
    cases = [replace(case, fault=case.fault or path_fault(root, case)) for case in found.cases(folder)]
    twice = [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    if twice:
        raise InputError(f"Expected a name of its own for each case, found twice: {', '.join(twice)}.")
    store = CheckStore(out / CHECKS)
    reports = _without_copies(cases, _checked(cases, store, processes))
    sound = [case for case in cases if not reports[case.name].problem]
    _write_problems(out / PROBLEMS, [reports[case.name] for case in cases])
    if not sound:
        raise InputError(
            f"Expected at least one sound case in {folder}, found none.",
            f"See {out / PROBLEMS} for the reasons.",
        )
    splits = make_splits(sound, {case.name: reports[case.name].hemorrhage_ml for case in sound}, folds, seed)
    trained = [case for case in sound if case.split not in HELD_OUT]
    with output_errors(out):
        (out / SPLITS).unlink(missing_ok=True)  # an old split must not meet new cases if this run is killed
    write_json(out / DATASET, {"adapter": found.name, "folder": str(root), "folds": folds, "seed": seed})
    write_cases(out / CASES, root, sound, reports, splits)
    densities = (store.densities(case) for case in trained)
    write_json(out / FINGERPRINT, fingerprint([reports[case.name] for case in trained], densities))
    write_splits(out / SPLITS, splits, seed)
    return Preparation(found.name, len(sound), len(splits.held_out), len(cases) - len(sound))


def _checked(cases: Sequence[Case], store: CheckStore, processes: int | None) -> dict[str, CaseReport]:
    """The report of every case, in their order; sound ones that are stored are not looked at again."""
    waiting = [case for case in cases if (stored := store.report(case)) is None or stored.problem]
    for done, _ in enumerate(_each(waiting, store, processes), 1):
        _log.info("Checked %d of %d cases", done, len(waiting))
    changed = "Its files changed while they were checked."
    return {case.name: store.report(case) or CaseReport(case.name, changed) for case in cases}


def _each(cases: Sequence[Case], store: CheckStore, processes: int | None) -> Iterator[str]:
    """Check the cases and yield the name of each when it is done."""
    try:
        if processes == 1 or len(cases) < 2:
            yield from map(store.check, cases)
            return
        # A forked process would inherit locks of other threads and could wait for ever.
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            jobs = [pool.submit(store.check, case) for case in cases]
            try:
                for job in as_completed(jobs):
                    yield job.result()
            finally:
                pool.shutdown(cancel_futures=True)  # whoever stops does not wait for what has not begun
    except (MemoryError, BrokenProcessPool) as error:
        raise InsufficientMemoryError(
            "The memory did not suffice to check the cases, or the system ended a process.",
            "Start again with fewer processes; what was checked is kept.",
        ) from error


def _without_copies(cases: Sequence[Case], reports: Mapping[str, CaseReport]) -> dict[str, CaseReport]:
    """Leave out what would let a fold train on what it is tested on: the same image again, or another scan of
    a patient who is held out. Held-out cases stay."""
    held_out = {case.patient for case in cases if case.split in HELD_OUT and not reports[case.name].problem}
    found = dict(reports)
    first: dict[str, str] = {}
    for case in sorted(cases, key=lambda case: (case.split not in HELD_OUT, case.name)):
        report = found[case.name]
        if report.problem:
            continue
        if report.digest in first:
            problem = f"Its image is the same as that of {first[report.digest]}, voxel by voxel."
        elif case.split not in HELD_OUT and case.patient in held_out:
            problem = f"Another scan of its patient {case.patient} is held out."
        else:
            first[report.digest] = case.name
            continue
        found[case.name] = replace(report, problem=problem)
    return found


def _write_problems(path: Path, reports: Sequence[CaseReport]) -> None:
    rows = []
    for report in reports:
        if report.problem:
            rows.append({"case": report.name, "severity": LEFT_OUT, "what": report.problem})
        else:
            rows += [{"case": report.name, "severity": WARNING, "what": what} for what in report.warnings]
    write_rows(path, ["case", "severity", "what"], rows)
