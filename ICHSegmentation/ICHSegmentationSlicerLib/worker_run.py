"""One worker in a temporary folder: its input is written, it works, its result is taken; or it is ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.events import Event, Failed, Finished, Progress

from .run_folder import discard, make_run_folder
from .steps import After, Steps

MakeWorker = Callable[[Callable[[Event], None]], Any]
"""Makes a :class:`.worker.Worker`, given who hears its events."""


class Job(Protocol):
    """What one run is for. Iterators do their work in small steps, as it is done on the panel's thread."""

    def write(self, folder: Path) -> Iterator[None]:
        """Write the worker's input."""
        ...

    def begin(self, worker: Any, folder: Path) -> None:
        """Start the worker; every end of it is told as ``Finished`` or ``Failed``."""
        ...

    def take(self, result: Finished) -> Iterator[None]:
        """Put the result where it belongs."""
        ...

    def done(self, folder: Path) -> None:
        """The run is over and the folder is the job's, to keep or to discard."""
        ...


class RunWatcher(Protocol):
    """Who hears how a run goes."""

    def run_progressed(self, stage: str, fraction: float) -> None: ...
    def run_failed(self, error: Failed) -> None: ...


class WorkerRun:
    """At most one run at a time.

    Args:
        folder: where the run's temporary folder is made.
        after: calls a function a little later, on the same thread.
    """

    def __init__(self, make_worker: MakeWorker, folder: Path, after: After, watcher: RunWatcher) -> None:
        self._make_worker, self._parent, self._watcher = make_worker, folder, watcher
        self._steps = Steps(after)
        self._worker: Any = None
        self._folder: Path | None = None
        self._generation = 0

    @property
    def active(self) -> bool:
        return self._folder is not None

    @property
    def working(self) -> bool:
        """Whether the worker itself is at work."""
        return self._worker is not None

    def start(self, job: Job, input_bytes: int) -> None:
        """Begin, with room in the folder for an input of this size.

        Raises:
            DiskFullError, OutputError: see :func:`.run_folder.make_run_folder`.
        """
        folder = self._folder = make_run_folder(self._parent, input_bytes)
        self._steps.run(self._send(job, folder), self._give_up)

    def cancel(self) -> None:
        """End the run; the watcher hears of it as a failure with the code ``cancelled``."""
        if self._worker is not None:
            self._worker.cancel()
        elif self.active:
            self._end()
            self._watcher.run_failed(Failed("", "cancelled", "", ""))

    def abandon(self) -> None:
        """End the run and tell nobody: what it worked for is going away."""
        worker = self._worker
        self._end()
        if worker is not None:
            worker.cancel()

    def _send(self, job: Job, folder: Path) -> Iterator[None]:
        yield  # the panel shows that it has begun
        yield from job.write(folder)
        yield
        self._generation += 1
        mine = self._generation

        def hear(event: Event) -> None:
            if mine == self._generation:
                self._hear(event, job, folder)

        self._worker = self._make_worker(hear)
        job.begin(self._worker, folder)

    def _hear(self, event: Event, job: Job, folder: Path) -> None:
        if isinstance(event, Progress):
            self._watcher.run_progressed(event.stage, event.fraction)
        elif isinstance(event, Finished):
            self._worker = None
            self._steps.run(self._take(event, job, folder), self._give_up)
        elif isinstance(event, Failed):
            self._end()
            self._watcher.run_failed(event)

    def _take(self, result: Finished, job: Job, folder: Path) -> Iterator[None]:
        yield
        yield from job.take(result)
        self._folder = None
        job.done(folder)

    def _give_up(self, error: ICHError) -> None:
        self._end()
        self._watcher.run_failed(Failed("", error.code, error.message, error.hint))

    def _end(self) -> None:
        self._generation += 1
        self._steps.stop()
        self._worker = None
        if self._folder is not None:
            discard(self._folder)
            self._folder = None
