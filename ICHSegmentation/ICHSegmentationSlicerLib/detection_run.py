"""What the detector looked at: a scan into a file, the worker that maps it, and its maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ICHSegmentationLib.events import Finished
from ICHSegmentationLib.settings import DetectionSettings

from .run_folder import file_name
from .scene_run import SceneRun
from .worker_run import RunWatcher

_HEAT = "heatmap_"


class DetectionListener(RunWatcher, Protocol):
    """Who wants the maps."""

    def run_finished(self, maps: dict[str, Path], folder: Path) -> None:
        """The maps by class; whoever hears this discards the folder when they are no longer wanted."""
        ...


class DetectionRun(SceneRun[DetectionListener]):
    """Maps what a detector looks at on a scan."""

    def start(self, scan: Any, settings: DetectionSettings) -> None:
        """Map what the detector looks at on ``scan``.

        Raises:
            ICHError: the scan is no head CT, or there is no room for the run.
        """
        self._scene.check(scan)
        self._run.start(_Mapping(self._scene, self._listener, scan, settings), self._scene.size_of(scan))


@dataclass
class _Mapping:
    """A :class:`.worker_run.Job`."""

    scene: Any
    listener: DetectionListener
    scan: Any
    settings: DetectionSettings
    path: Path = field(init=False)
    maps: dict[str, Path] = field(default_factory=dict)

    def write(self, folder: Path) -> Iterator[None]:
        self.path = self.scene.export(self.scan, folder / file_name(self.scene.name_of(self.scan)))
        yield

    def begin(self, worker: Any, folder: Path) -> None:
        worker.start_detection(self.path, folder, self.settings)

    def take(self, result: Finished) -> Iterator[None]:
        self.maps = {
            kind.removeprefix(_HEAT): Path(path)
            for kind, path in result.paths.items()
            if kind.startswith(_HEAT)
        }
        yield from ()

    def done(self, folder: Path) -> None:
        self.path.unlink(missing_ok=True)
        self.listener.run_finished(self.maps, folder)
