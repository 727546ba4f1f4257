"""What runs on scans of the scene have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

from .steps import After
from .worker_run import MakeWorker, RunWatcher, WorkerRun

Listener = TypeVar("Listener", bound=RunWatcher)


class SceneRun(Generic[Listener]):
    """At most one run at a time. What it does on the panel's thread is cut into small steps.

    Args:
        scene: reads scans and takes results, see :class:`.hemorrhage_scene.HemorrhageScene`.
        make_worker: makes the worker of one run, given who hears its events.
        folder: where the run's temporary folder is made.
        after: calls a function a little later, on the same thread.
        listener: who starts the runs.
    """

    def __init__(
        self, scene: Any, make_worker: MakeWorker, folder: Path, after: After, listener: Listener
    ) -> None:
        self._scene, self._listener = scene, listener
        self._run = WorkerRun(make_worker, folder, after, listener)

    @property
    def active(self) -> bool:
        return self._run.active

    @property
    def working(self) -> bool:
        """Whether the worker itself is at work."""
        return self._run.working

    def cancel(self) -> None:
        """End the run; the listener hears of it as a failure with the code ``cancelled``."""
        self._run.cancel()

    def abandon(self) -> None:
        """End the run and tell nobody: what it worked for is going away."""
        self._run.abandon()
