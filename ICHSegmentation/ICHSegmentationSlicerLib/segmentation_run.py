"""One press of the button: the scan into a file, the worker, and its result into the scene."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.events import Finished
from ICHSegmentationLib.settings import SegmentationSettings

from .run_folder import file_name
from .scene_run import SceneRun
from .steps import After, Steps
from .worker_run import MakeWorker, RunWatcher

_log = logging.getLogger(__name__)


class RunListener(RunWatcher, Protocol):
    """Who started the run."""

    def run_finished(self, segmentation: Any, result: Finished, folder: Path) -> None: ...


class SegmentationRun(SceneRun[RunListener]):
    """Segments a scan. The arguments are those of :class:`.scene_run.SceneRun`."""

    def __init__(
        self, scene: Any, make_worker: MakeWorker, folder: Path, after: After, listener: RunListener
    ) -> None:
        super().__init__(scene, make_worker, folder, after, listener)
        self._afterwards = Steps(after)

    @property
    def finishing(self) -> bool:
        """Whether the surfaces of the last result are still being made."""
        return self._afterwards.busy

    def start(self, scan: Any, replace: Any, settings: SegmentationSettings) -> None:
        """Segment ``scan`` into a new segmentation, or into the one that is to be replaced.

        Raises:
            ICHError: the scan cannot be segmented, or there is no room for the run.
        """
        self._scene.check(scan)
        job = _Segmenting(self._scene, self._listener, self._afterwards, scan, replace, settings)
        self._run.start(job, self._scene.size_of(scan))

    def abandon(self) -> None:
        """End the run and tell nobody: the scene it worked for is going away."""
        self._afterwards.stop()
        super().abandon()


@dataclass
class _Segmenting:
    """A :class:`.worker_run.Job`."""

    scene: Any
    listener: RunListener
    afterwards: Steps
    scan: Any
    replace: Any
    settings: SegmentationSettings
    path: Path = field(init=False)
    place: object = field(init=False)
    segmentation: Any = field(init=False)
    result: Finished = field(init=False)

    def write(self, folder: Path) -> Iterator[None]:
        self.path = self.scene.export(self.scan, folder / file_name(self.scene.name_of(self.scan)))
        self.place = self.scene.place_of(self.scan)
        yield

    def begin(self, worker: Any, folder: Path) -> None:
        worker.start(self.path, folder, self.settings)

    def take(self, result: Finished) -> Iterator[None]:
        mask = self.scene.read_mask(Path(result.paths["mask"]))
        yield
        moved_meanwhile = self.scene.place_of(self.scan) != self.place
        self.segmentation = self.scene.add_result(self.scan, mask, result.measurements, self.replace)
        if moved_meanwhile:
            moved = self.scene.remeasure(self.scan, self.segmentation)
            result = Finished(result.case, result.paths, {**result.measurements, **moved})
        self.result = result
        yield
        overlay = result.paths.get("uncertainty")
        yield from self.scene.present(
            self.segmentation, self.scan, result.measurements, Path(overlay) if overlay else None
        )

    def done(self, folder: Path) -> None:
        self.path.unlink(missing_ok=True)
        self.listener.run_finished(self.segmentation, self.result, Path(self.result.paths["mask"]).parent)
        self.afterwards.run(self.scene.make_surfaces(self.segmentation), self._without_surfaces)

    def _without_surfaces(self, error: ICHError) -> None:
        _log.warning("%s", error)  # the result itself is shown
