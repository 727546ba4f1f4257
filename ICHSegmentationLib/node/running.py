"""The node: one loop that hands studies to the worker and results to the sender."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from ..io.atomic import output_errors
from ..pipeline import load_segmenter
from .inbox import Inbox
from .queue import Queue, Study
from .receiver import Receiver
from .sender import Trouble, send, waiting_time_s
from .settings import NodeSettings
from .worker import Job, Load, Outcome, Worker, quieten, remove_objects

_log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""How often a study is segmented that takes the worker down, or fails for want of something."""

MOST_REFUSALS = 10
"""How often results are sent that the destination refuses. Where it merely does not answer, for ever."""

_TICK_S = 0.2


class Node:
    """A DICOM node; use as a context: it listens from when it is made until the end of the block.

    Args:
        settings: what was asked for.
        load: gives the segmenter; runs in the worker's process.

    Raises:
        ICHError: or one of its kinds: the model cannot be loaded, the port is taken, a host has no address,
            another node holds the output folder.
    """

    def __init__(self, settings: NodeSettings, load: Load = load_segmenter) -> None:
        quieten(logging.getLogger(__package__).getEffectiveLevel())
        self._settings = settings
        self._load = load
        self._out = settings.out_dir.resolve()
        self._current: Study | None = None
        self._began = 0.0
        if settings.encryption is not None:
            settings.encryption.for_calls()  # so that what is wrong with it is told now
        with output_errors(self._out):
            self._out.mkdir(mode=0o700, parents=True, exist_ok=True)  # others need not see who is ill
        self._queue = Queue(self._out / "queue.sqlite")
        try:
            self._inbox = Inbox(self._out / "inbox", self._queue, settings.limits.free_bytes)
            self._worker = Worker(settings.segmentation, load)
            try:
                self._receiver = Receiver(settings, self._inbox)
            except BaseException:  # Ctrl-C too: no worker may outlive a node that never began
                self._worker.close()
                raise
        except BaseException:  # Ctrl-C too: the next node must find the queue free
            self._queue.close()
            raise

    def __enter__(self) -> "Node":
        _log.info("%s listens on port %d.", self._settings.title, self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.close()
        self._worker.close()
        if self._current is not None:
            self._queue.interrupted(self._current.uid)
        self._queue.close()

    @property
    def port(self) -> int:
        return self._receiver.port

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until ``until`` says so, or an exception ends it."""
        while not until():
            self._segment()
            self._send()

    def _segment(self) -> None:
        """Give the worker a study, or hear what came of it; waits a moment where there is nothing to do."""
        if self._current is None:
            self._begin()
        if self._current is None:
            time.sleep(_TICK_S)
            return
        try:
            outcome = self._worker.outcome(_TICK_S)
        except EOFError:
            self._replace_worker("It ended the process that segments.")
            return
        if outcome is not None:
            self._ended(self._current, outcome)
            self._current = None
        elif time.monotonic() - self._began > self._settings.longest_s:
            self._replace_worker(f"It was not segmented after {self._settings.longest_s:g} s.")

    def _begin(self) -> None:
        study = self._queue.complete(time.time(), self._settings.quiet_s)
        if study is None:
            return
        if study.attempts >= MOST_ATTEMPTS:
            self._fail(study, study.reason or "It ended the node each time it was segmented.")
            return
        self._queue.segmenting(study.uid)
        self._current, self._began = study, time.monotonic()
        _log.info("Study %s: segmenting.", study.uid)
        try:
            self._worker.begin(Job(study.uid, self._inbox.of(study.uid), self._results(study.uid)))
        except OSError:  # it has ended since the last study
            self._worker.close()
            self._worker = Worker(self._settings.segmentation, self._load)
            self._worker.begin(Job(study.uid, self._inbox.of(study.uid), self._results(study.uid)))

    def _ended(self, study: Study, outcome: Outcome) -> None:
        if outcome.trouble is not None:
            self._try_again(study, str(outcome.trouble))
            return
        for sentence in outcome.left_out:
            _log.info("Study %s: left out %s", study.uid, sentence)
        files = [path.relative_to(self._out) for path in outcome.files]
        if self._queue.segmented(study, files, " ".join(outcome.left_out)):
            _log.info("Study %s: segmented, %d objects to send.", study.uid, len(files))

    def _try_again(self, study: Study, reason: str) -> None:
        _log.warning("Study %s: not segmented. %s", study.uid, reason)
        self._queue.postpone(study, time.time() + waiting_time_s(study.attempts), reason)

    def _replace_worker(self, reason: str) -> None:
        study, self._current = self._current, None
        self._worker.close()
        if study is not None:
            self._try_again(study, reason)
        self._worker = Worker(self._settings.segmentation, self._load)

    def _send(self) -> None:
        study = self._queue.to_send(time.time())
        if study is None:
            return
        try:
            trouble = send(
                self._settings.title,
                self._settings.destination,
                [self._out / path for path in self._queue.unsent(study.uid)],
                lambda path: self._queue.sent(path.relative_to(self._out)),
                self._settings.encryption,
            )
        except InputError as error:
            self._fail(study, error.message)
            return
        if trouble is None:
            if not self._settings.keep_identifiers:
                remove_objects(self._results(study.uid))
            if self._inbox.finish(study, study.reason):
                _log.info("Study %s: done.", study.uid)
            return
        self._not_sent(study, trouble)

    def _not_sent(self, study: Study, trouble: Trouble) -> None:
        if trouble.refused and study.refusals + 1 >= MOST_REFUSALS:
            self._fail(study, f"{trouble.reason}.")
            return
        seconds = waiting_time_s(study.attempts)
        _log.warning("Study %s: %s; again in %g s.", study.uid, trouble.reason, seconds)
        self._queue.postpone(study, time.time() + seconds, study.reason, trouble.refused)

    def _fail(self, study: Study, reason: str) -> None:
        if self._queue.finish(study, "failed", reason):
            _log.error("Study %s: failed. %s", study.uid, reason)

    def _results(self, uid: str) -> Path:
        return self._out / "results" / uid
