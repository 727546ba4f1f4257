"""A worker: a process of its own that loads the model once and does one case after the other."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from ..errors import ICHError
from ..events import Event, Finished, Listener
from ..pipeline import Segmenter, measure_case, segment_case
from ..pipeline.trouble import own_words
from ..settings import SegmentationSettings
from .case import Case
from .claim import worker_present
from .fingerprint import content_sha256
from .limits import limit_memory
from .outcome import Outcome, Problem
from .staging import Staged, staged

LoadSegmenter = Callable[[SegmentationSettings], Segmenter]
"""A function at the top of a module, so that a worker can find it."""

STAGING = "staging"
"""The folder in ``state_dir`` for files that cases are read from."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Equipment:
    """What every worker is given.

    Attributes:
        state_dir: the batch's own folder in ``out_dir``.
        settings: an earlier result in a case's folder is replaced: the batch has looked before.
        load: gives the segmenter; None where every case brings a mask.
        memory_mb: see :func:`.limits.limit_memory`; None sets no limit.
    """

    out_dir: Path
    state_dir: Path
    settings: SegmentationSettings
    load: LoadSegmenter | None
    memory_mb: float | None = None


@dataclass(frozen=True)
class Ready:
    """The worker has its model and waits for its first case."""


@dataclass(frozen=True)
class Unfit:
    """The worker cannot work: its model cannot be loaded."""

    problem: Problem


def work(connection: Connection, equipment: Equipment) -> None:
    """Send :class:`Ready` or :class:`Unfit`, then events and an :class:`Outcome` for every case."""
    _leave_signals_to_the_parent()
    _end_with_the_parent()
    os.dup2(2, 1)  # what libraries print must not come among the events on stdout
    sys.stdout = sys.stderr
    with worker_present(equipment.state_dir):
        try:
            with own_words():
                if equipment.memory_mb:
                    limit_memory(equipment.memory_mb)
                segmenter = equipment.load(equipment.settings) if equipment.load else None
        except ICHError as error:
            connection.send(Unfit(Problem.of(error)))
            return
        connection.send(Ready())
        with suppress(EOFError):  # the parent is gone
            while True:
                connection.send(do_case(connection.recv(), equipment, segmenter, connection.send))


def do_case(case: Case, equipment: Equipment, segmenter: Segmenter | None, listen: Listener) -> Outcome:
    """Segment or measure one case on the one path that all take; whatever it raises stands in the outcome."""
    started = time.perf_counter()
    content = content_sha256(case)
    result = _finished_or_problem(case, equipment, segmenter, listen)
    return Outcome(case.name, round(time.perf_counter() - started, 3), content, result)


def _finished_or_problem(
    case: Case, equipment: Equipment, segmenter: Segmenter | None, listen: Listener
) -> Finished | Problem:
    finished: list[Finished] = []

    def hear(event: Event) -> None:
        """Keep the result back: it is told with the outcome."""
        if isinstance(event, Finished):
            finished.append(event)
        else:
            listen(event)

    try:
        with staged(case, equipment.state_dir / STAGING / str(os.getpid())) as files:
            _do(case, files, equipment, segmenter, hear)
        return finished[0]
    except ICHError as error:
        _logger.debug("Where it came from:", exc_info=True)
        return Problem.of(error)
    except Exception as error:
        _logger.exception("%s: not expected, please report this.", case.name)
        found = ICHError(
            f"Something went wrong that should not: {type(error).__name__}: {error}",
            "Please report it, with what the batch wrote to its standard error.",
        )
        return Problem.of(found)


def _do(
    case: Case, files: Staged, equipment: Equipment, segmenter: Segmenter | None, listen: Listener
) -> None:
    out_dir, settings = equipment.out_dir, equipment.settings
    if files.mask:
        measure_case(files.scan, files.mask, out_dir, settings, listen, case.name)
    else:
        segment_case(files.scan, out_dir, settings, listen, case.name, segmenter)


def _leave_signals_to_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the parent alone decides what ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _end_with_the_parent() -> None:
    """End this process as soon as its parent has gone, even in the midst of a case."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
