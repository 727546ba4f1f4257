"""The process that segments: it loads the model once, and whatever takes it down leaves the node standing."""

import logging
import multiprocessing
import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..batch.tree import search_tree
from ..detection import Detector
from ..errors import ICHError, InputError
from ..pipeline import Segmenter, load_segmenter, segment_case
from ..pipeline.detection import detector_for
from ..pipeline.trouble import own_words
from ..settings import SegmentationSettings

_log = logging.getLogger(__name__)

Load = Callable[[SegmentationSettings], Segmenter]

KINDS_SENT = ("mask", "structured_report", "pictures")
"""The files of a result that go back; the others stay in the output folder."""


@dataclass(frozen=True)
class Job:
    """A study to segment: its objects, and the folder for the results of its series."""

    study: str
    objects: Path
    results: Path


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        files: the DICOM files to send back.
        left_out: why which series were left out, one sentence each.
        trouble: what kept the worker from segmenting the study; it may be tried again.
    """

    study: str
    files: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()
    trouble: ICHError | None = None


class Worker:
    """A process that segments one study at a time.

    Args:
        settings: the model, and how series are segmented.
        load: gives the segmenter; runs in the process.

    Raises:
        ICHError: what the process says that keeps it from loading the model.
    """

    def __init__(self, settings: SegmentationSettings, load: Load = load_segmenter) -> None:
        # Not forked: the node has threads, and libraries of networks do not bear it.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        level = logging.getLogger(__package__).getEffectiveLevel()
        self._process: BaseProcess = context.Process(
            target=_work, args=(theirs, settings, load, level), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            loaded = self._connection.recv()
        except EOFError:
            self.close()
            raise ICHError("The process that segments ended before it had loaded the model.") from None
        if isinstance(loaded, ICHError):
            self.close()
            raise loaded

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def begin(self, job: Job) -> None:
        """Raises OSError where the process has ended."""
        self._connection.send(job)

    def outcome(self, timeout_s: float) -> Outcome | None:
        """What came of the job; None while it works.

        Raises:
            EOFError: the process has ended.
        """
        try:
            if not self._connection.poll(timeout_s):
                return None
            outcome: Outcome = self._connection.recv()
        except OSError as error:
            raise EOFError from error
        return outcome

    def close(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def _work(connection: Connection, settings: SegmentationSettings, load: Load, level: int) -> None:
    """The process: tells that it has loaded the model, then takes jobs until the node has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the node ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    quieten(level)
    try:
        with own_words():
            segmenter, detector = load(settings), detector_for(settings)
    except ICHError as error:
        connection.send(error)
        return
    connection.send(None)
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        try:
            outcome = segment_study(job, settings, segmenter, detector)
        except ICHError as error:
            outcome = Outcome(job.study, trouble=error)
        connection.send(outcome)


def segment_study(
    job: Job, settings: SegmentationSettings, segmenter: Segmenter, detector: Detector | None = None
) -> Outcome:
    """Segment every head CT of a study.

    Raises:
        ICHError: one of its kinds that does not lie in the scan, such as lack of memory or a full disk.
    """
    found = search_tree(job.objects, job.results, keep_identifiers=True)
    left_out = [f"{_name(series.columns)}: {series.reason}" for series in found.left_out]
    files: list[Path] = []
    for case in found.cases:
        try:
            scan = case.files[0].parent
            result = segment_case(
                scan, job.results, settings, case=case.name, segmenter=segmenter, detector=detector
            )
        except InputError as error:
            left_out.append(f"{_name(case.columns)}: {error.message}")
            continue
        except ICHError:
            raise
        except Exception as error:  # noqa: BLE001 - the study's other series are worth a result
            left_out.append(f"{_name(case.columns)}: {_unexpected(error)}")
            continue
        for kind in KINDS_SENT:
            path = result.paths.get(kind)
            if path is not None:
                files += sorted(path.iterdir()) if path.is_dir() else [path]
    return Outcome(job.study, tuple(files), tuple(left_out))


def remove_objects(results: Path) -> None:
    """Take away what was sent of a study's results; all else in them names nobody."""
    for path in results.glob("*/**/*.dcm"):
        path.unlink(missing_ok=True)
    for pictures in results.glob("*/pictures"):
        with suppress(OSError):  # somebody has put something else there
            pictures.rmdir()


def quieten(level: int) -> None:
    """Unless debugging, keep from the log what libraries say of headers: it may name a patient."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger(__package__).setLevel(level)
    if level > logging.DEBUG:
        for name in ("pydicom", "pynetdicom", "highdicom"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.simplefilter("ignore")


def _end_with_parent() -> None:
    """End with the node, even when it is killed: another one may be at the same study soon."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _unexpected(error: Exception) -> str:
    """What to say of an error that nobody expected. Its message may quote a header: for debugging only."""
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("Not expected, please report this: %s\n%s", type(error).__name__, places)
    _log.debug("What it said:", exc_info=error)
    return f"Something went wrong that should not ({type(error).__name__})."


def _name(columns: Mapping[str, str]) -> str:
    return f"series {columns.get('series_instance_uid', 'unknown')}"
