"""The workers, seen from the process that started them."""

import logging
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import TypeAlias

from ..errors import WorkerLostError
from ..events import Event, Started
from .case import Case
from .equipment import Equipment, Ready, Unfit
from .outcome import Outcome, Problem, Unworkable
from .worker import work

if sys.platform == "win32":  # what a pipe has there is of another class
    from multiprocessing.connection import PipeConnection as Connection
else:
    from multiprocessing.connection import Connection

_MOST_FALSE_STARTS = 3
_GRACE_S = 0.2
"""Whoever kills a whole batch may reach a worker first: then nobody is left to blame its case."""

Events: TypeAlias = Generator[Event | Outcome, None, None]

_log = logging.getLogger(__name__)


@dataclass
class _Worker:
    """A worker and what it does: ``case`` from when it got it, ``began`` from when it began with it."""

    process: SpawnProcess
    case: Case | None = None
    began: float | None = None


def done_by_workers(cases: Iterable[Case], equipment: Equipment, size: int) -> Events:
    """What ``size`` workers tell while they do the cases, and the outcome of each as it ends.

    A worker that dies is replaced; the case that it was at has failed. Closing the generator kills the
    workers.

    Raises:
        Unworkable: a worker cannot load the model.
        WorkerLostError: workers die before they have begun a case, several times in a row.
    """
    crew = _Crew(deque(cases), equipment, size)
    try:
        yield from crew.work()
    finally:
        crew.dismiss()


class _Crew:
    def __init__(self, waiting: deque[Case], equipment: Equipment, size: int) -> None:
        self._waiting, self._equipment, self._size = waiting, equipment, size
        self._workers: dict[Connection, _Worker] = {}
        self._false_starts = 0

    def work(self) -> Iterator[Event | Outcome]:
        while self._waiting or any(worker.case for worker in self._workers.values()):
            self._hire()
            ready = wait(list(self._workers))
            for connection in [each for each in self._workers if each in ready]:
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    yield from self._lost(connection)
                else:
                    yield from self._heard(connection, message)

    def dismiss(self) -> None:
        for connection, worker in self._workers.items():
            worker.process.kill()
            worker.process.join()
            connection.close()
        self._workers.clear()

    def _hire(self) -> None:
        """As many workers as are of use: one that is still starting will take one of those that wait."""
        busy = sum(worker.case is not None for worker in self._workers.values())
        while len(self._workers) < min(self._size, busy + len(self._waiting)):
            here, there = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(
                target=work, args=(there, self._equipment), daemon=True
            )
            with _signals_held():
                process.start()
            there.close()  # so that the end of the worker ends the connection
            self._workers[here] = _Worker(process)

    def _heard(self, connection: Connection, message: object) -> Iterator[Event | Outcome]:
        worker = self._workers[connection]
        if isinstance(message, Unfit):
            raise Unworkable(message.problem)
        if isinstance(message, Ready):
            self._give(connection)
        elif isinstance(message, Outcome):
            self._false_starts = 0
            worker.case = worker.began = None
            self._give(connection)
            yield message
        elif isinstance(message, Event):
            if isinstance(message, Started):
                worker.began = time.perf_counter()
            yield message

    def _give(self, connection: Connection) -> None:
        """The next case, if there is one; a worker that dies just now is found dead soon."""
        if not self._waiting:
            return
        case = self._waiting.popleft()
        self._workers[connection].case = case
        try:
            connection.send(case)
        except OSError:
            _log.debug("A worker died before it got %s.", case.name)

    def _lost(self, connection: Connection) -> Iterator[Outcome]:
        """Blame the case that a dead worker was at; one that had not begun is done by another worker."""
        worker = self._workers.pop(connection)
        connection.close()
        time.sleep(_GRACE_S)
        worker.process.join()
        case, code = worker.case, worker.process.exitcode or 0
        if case is not None and worker.began is not None:
            self._false_starts = 0
            error = WorkerLostError(
                f"The worker process died while it worked on this case ({_cause(code)}).",
                "Try it again with --retry, perhaps with fewer --workers; other cases are not concerned.",
            )
            seconds = round(time.perf_counter() - worker.began, 3)
            yield Outcome(case.name, seconds, None, Problem.of(error))
            return
        if case is not None:
            self._waiting.appendleft(case)
        self._false_starts += 1
        if self._false_starts >= _MOST_FALSE_STARTS:
            raise WorkerLostError(
                f"{self._false_starts} worker processes died before they began a case ({_cause(code)}).",
                "Take fewer --workers, allow them more memory, and look at 'ichseg doctor'.",
            )


def _cause(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    number = -exit_code
    name = next((member.name for member in signal.Signals if member == number), f"signal {number}")
    return f"{name}, often sent when memory runs out" if name == "SIGKILL" else name


@contextmanager
def _signals_held() -> Iterator[None]:
    """A process started now is deaf to Ctrl-C from its first moment; ours wait until the block ends."""
    if sys.platform == "win32":
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
