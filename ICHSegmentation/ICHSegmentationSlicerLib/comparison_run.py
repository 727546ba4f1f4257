"""Two segmented scans into files, the worker that compares them, and the later scan over the earlier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ICHSegmentationLib.events import Finished

from .run_folder import discard
from .scene_run import SceneRun
from .worker_run import RunWatcher


@dataclass(frozen=True)
class Segmented:
    """A scan node and the segmentation node of it."""

    scan: Any
    segmentation: Any


class ComparisonListener(RunWatcher, Protocol):
    """Who started the comparison."""

    def run_finished(self, comparison: dict[str, Any]) -> None: ...


class ComparisonRun(SceneRun[ComparisonListener]):
    """Compares two segmented scans."""

    def start(self, earlier: Segmented, later: Segmented) -> None:
        """Compare; where both fit on each other, the later scan then lies over the earlier.

        Raises:
            ICHError: a scan is no head CT, or there is no room for the run.
        """
        for each in (earlier, later):
            self._scene.check(each.scan)
        size = sum(self._scene.size_of(each.scan) for each in (earlier, later))
        self._run.start(_Comparing(self._scene, self._listener, earlier, later), size)


@dataclass
class _Comparing:
    """A :class:`.worker_run.Job`."""

    scene: Any
    listener: ComparisonListener
    earlier: Segmented
    later: Segmented
    files: list[tuple[Path, Path]] = field(default_factory=list)
    comparison: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Iterator[None]:
        for name, each in (("earlier", self.earlier), ("later", self.later)):
            ct = self.scene.export(each.scan, folder / f"{name}.nii")
            yield
            mask = folder / f"{name}_mask.nrrd"
            self.files.append((ct, self.scene.export_mask(each.segmentation, each.scan, mask)))
            yield

    def begin(self, worker: Any, folder: Path) -> None:
        worker.start_comparison(*self.files, folder)

    def take(self, result: Finished) -> Iterator[None]:
        self.comparison = result.measurements
        self.scene.lay_over(self.later.scan, self.later.segmentation, self.comparison)
        yield from ()

    def done(self, folder: Path) -> None:
        discard(folder)
        self.listener.run_finished(self.comparison)
