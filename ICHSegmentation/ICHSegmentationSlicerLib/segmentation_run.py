"""One press of the button: the scan into a file, the worker, and its result into the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.events import Event, Failed, Finished, Progress
from ICHSegmentationLib.settings import SegmentationSettings

from .run_folder import discard, file_name, make_run_folder
from .steps import After, Steps


class Worker(Protocol):
    """A process that segments one scan; every end of it is told as ``Finished`` or ``Failed``."""

    def start(self, scan_path: Path, out_dir: Path, settings: SegmentationSettings) -> None: ...
    def cancel(self) -> None: ...


class RunListener(Protocol):
    """Who started the run."""

    def run_progressed(self, stage: str, fraction: float) -> None: ...
    def run_finished(self, segmentation: Any, result: Finished, folder: Path) -> None: ...
    def run_failed(self, error: Failed) -> None: ...


class SegmentationRun:
    """At most one run at a time. What it does on the panel's thread is cut into small steps.

    Args:
        scene: reads the scan and takes the result, see :class:`.hemorrhage_scene.HemorrhageScene`.
        make_worker: makes the worker of one run, given who hears its events.
        folder: where the run's temporary folder is made.
        after: calls a function a little later, on the same thread.
    """

    def __init__(
        self,
        scene: Any,
        make_worker: Callable[[Callable[[Event], None]], Worker],
        folder: Path,
        after: After,
        listener: RunListener,
    ) -> None:
        self._scene, self._make_worker, self._parent, self._listener = scene, make_worker, folder, listener
        self._steps = Steps(after)
        self._worker: Worker | None = None
        self._folder: Path | None = None
        self._generation = 0

    @property
    def active(self) -> bool:
        return self._folder is not None

    def start(self, scan: Any, replace: Any, settings: SegmentationSettings) -> None:
        """Segment ``scan`` into a new segmentation, or into the one that is to be replaced.

        Raises:
            ICHError: the scan cannot be segmented, or there is no room for the run.
        """
        self._scene.check(scan)
        folder = self._folder = make_run_folder(self._parent, self._scene.size_of(scan))
        self._steps.run(self._send(scan, replace, settings, folder), self._give_up)

    def cancel(self) -> None:
        """End the run; the listener hears of it as a failure with the code ``cancelled``."""
        if self._worker is not None:
            self._worker.cancel()
        elif self.active:
            self._end()
            self._listener.run_failed(Failed("", "cancelled", "", ""))

    def abandon(self) -> None:
        """End the run and tell nobody: the scene it worked for is going away."""
        worker = self._worker
        self._end()
        if worker is not None:
            worker.cancel()

    def _send(self, scan: Any, replace: Any, settings: SegmentationSettings, folder: Path) -> Iterator[None]:
        yield  # the panel shows that it has begun
        path = self._scene.export(scan, folder / file_name(self._scene.name_of(scan)))
        yield
        self._generation += 1
        mine = self._generation

        def hear(event: Event) -> None:
            if mine == self._generation:
                self._hear(event, scan, replace)

        self._worker = self._make_worker(hear)
        self._worker.start(path, folder, settings)

    def _hear(self, event: Event, scan: Any, replace: Any) -> None:
        if isinstance(event, Progress):
            self._listener.run_progressed(event.stage, event.fraction)
        elif isinstance(event, Finished):
            self._worker = None
            self._steps.run(self._take(event, scan, replace), self._give_up)
        elif isinstance(event, Failed):
            self._end()
            self._listener.run_failed(event)

    def _take(self, result: Finished, scan: Any, replace: Any) -> Iterator[None]:
        yield
        mask = self._scene.read_mask(Path(result.paths["mask"]))
        yield
        segmentation = self._scene.add_result(scan, mask, result.measurements, replace)
        yield
        overlay = result.paths.get("uncertainty")
        yield from self._scene.present(
            segmentation, scan, result.measurements, Path(overlay) if overlay else None
        )
        if self._folder is not None:
            _forget_scan_file(self._folder)
        self._folder = None
        self._listener.run_finished(segmentation, result, Path(result.paths["mask"]).parent)

    def _give_up(self, error: ICHError) -> None:
        self._end()
        self._listener.run_failed(Failed("", error.code, error.message, error.hint))

    def _end(self) -> None:
        self._generation += 1
        self._steps.stop()
        self._worker = None
        if self._folder is not None:
            discard(self._folder)
            self._folder = None


def _forget_scan_file(folder: Path) -> None:
    for file in folder.glob("*.nii"):
        file.unlink(missing_ok=True)
