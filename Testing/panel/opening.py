"""The module's widget opened on the stand-in desktop, and what a test does with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import slicer
from PySide6 import QtWidgets
from volumes import bleed_slices

from ICHSegmentationLib.events import Event, Failed, Finished, Progress, Started
from ICHSegmentationLib.settings import DetectionSettings, SegmentationSettings

MODULE = Path(__file__).resolve().parents[2] / "ICHSegmentation"


class OpenPanel:
    """The panel of the real module, with the real ``.ui`` file.

    Args:
        setup: in the place of Slicer's packages and worker; None takes the module's own.
    """

    def __init__(self, setup: Any = None) -> None:
        from desktop import ModuleParent

        import ICHSegmentation

        module_setup = ICHSegmentation.ICHSegmentationLogic._setup
        try:
            if setup is not None:
                ICHSegmentation.ICHSegmentationLogic._setup = lambda self: setup
            ICHSegmentation.ICHSegmentationWidget.module_folder = MODULE
            self.parent = ModuleParent()
            self.widget = ICHSegmentation.ICHSegmentationWidget(self.parent)
            self.widget.setup()
            self.widget.enter()
        finally:
            ICHSegmentation.ICHSegmentationLogic._setup = module_setup
        self.ui, self.panel = self.widget.ui, self.widget.panel
        self.settle()

    @property
    def state(self) -> Any:
        return self.widget._state

    def settle(self, until: Callable[[], bool] = lambda: False, seconds: float = 0.05) -> bool:
        """Handle events until something is so, or some time has gone by and no step of the panel is due.

        A busy machine may be late with the steps, so these are waited for, however long they take.
        """
        from desktop import Timer

        end = time.monotonic() + seconds
        while time.monotonic() < end or Timer.due:
            QtWidgets.QApplication.processEvents()
            if until():
                return True
            time.sleep(0.002)
        return until()

    def press(self, name: str) -> None:
        getattr(self.ui, name).click()
        self.settle()

    def said(self, name: str = "messageLabel") -> str:
        """What a label says; empty where it is hidden."""
        label = getattr(self.ui, name)
        return "" if label.isHidden() else label.text()

    def table(self) -> list[list[str]]:
        table = self.ui.lesionTable
        return [
            [table.item(row, column).text() for column in range(table.columnCount())]
            for row in range(table.rowCount())
        ]

    def close(self) -> None:
        from ICHSegmentationSlicerLib import line_process

        if self.widget is not None:
            self.widget.cleanup()
            self.settle(lambda: not line_process._running, 60)  # processes that were asked to end
            self.parent.deleteLater()
            self.widget = None
            QtWidgets.QApplication.processEvents()


class PlannedWorker:
    """A worker that tells what a test has planned, when the test wants it."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.tell = on_event
        self.started: SimpleNamespace | None = None
        self.cancelled = False

    def start(self, scan: Path, out_dir: Path, settings: SegmentationSettings) -> None:
        self.started = SimpleNamespace(scan=scan, out_dir=out_dir, settings=settings)
        self.tell(Started(scan.stem, str(scan)))

    def start_comparison(self, earlier: tuple[Path, Path], later: tuple[Path, Path], out_dir: Path) -> None:
        self.started = SimpleNamespace(scan=later[0], earlier=earlier, later=later, out_dir=out_dir)
        self.tell(Started("earlier_to_later", str(later[0])))

    def finish_comparison(self, matrix: Any, trusted: bool = True, sentence: str = "It grew.") -> None:
        """Tell a comparison of a later scan that is moved by ``matrix`` (RAS, mm)."""
        found = {"second_to_first": np.asarray(matrix).tolist(), "trusted": trusted}
        told = {"registration": found, "sentences": [sentence, "This is no hematoma expansion."]}
        self.tell(Finished("earlier_to_later", {}, told))

    def start_detection(self, scan: Path, out_dir: Path, settings: DetectionSettings) -> None:
        self.started = SimpleNamespace(scan=scan, out_dir=out_dir, settings=settings)
        self.tell(Started(scan.stem, str(scan)))

    def finish_detection(self, heat: dict[str, Any]) -> None:
        """Write heat maps ``[D, H, W]`` by class, as the command line does, and tell of them."""
        from ICHSegmentationLib.io import read_ct, write_uncertainty
        from ICHSegmentationLib.volume import Volume

        folder = self.started.out_dir / self.started.scan.stem
        folder.mkdir()
        ct = read_ct(self.started.scan)
        paths = {f"heatmap_{label}": folder / f"heatmap_{label}.nii.gz" for label in heat}
        for label, voxels in heat.items():
            write_uncertainty(Volume(voxels, ct.affine), paths[f"heatmap_{label}"], ct)
        named = {kind: str(path) for kind, path in paths.items()}
        self.tell(Finished(self.started.scan.stem, named, {}))

    def progress(self, stage: str, fraction: float) -> None:
        self.tell(Progress(self.started.scan.stem, stage, fraction))

    def finish(
        self,
        mask: Any,
        spoil: Callable[[Path], None] = lambda folder: None,
        more: dict[str, Any] | None = None,
        with_map: bool = False,
    ) -> dict[str, Any]:
        """Write a mask ``[D, H, W]`` and its measurements, as the command line does, and tell of them."""
        from ICHSegmentationLib.io import read_ct, write_mask
        from ICHSegmentationLib.measurement import measure
        from ICHSegmentationLib.volume import Volume

        folder = self.started.out_dir / self.started.scan.stem
        folder.mkdir()
        ct = read_ct(self.started.scan)
        volume = Volume(mask, ct.affine)
        write_mask(volume, folder / "segmentation.nii.gz", ct)
        (folder / "report.html").write_text("<html></html>")
        spoil(folder)
        measured = measure(volume, slice_positions_mm=ct.slice_positions_mm).to_dict()
        measurements = {**measured, "model": {"id": "planned", "version": "1"}}
        measurements |= more or {}
        paths = {"mask": str(folder / "segmentation.nii.gz"), "report": str(folder / "report.html")}
        if with_map:
            paths["uncertainty"] = str(folder / "uncertainty.nii.gz")
            write_mask(Volume((mask > 0).astype(np.uint8), ct.affine), folder / "uncertainty.nii.gz", ct)
        self.tell(Finished(self.started.scan.stem, paths, measurements))
        return measurements

    def fail(self, code: str, message: str, hint: str = "") -> None:
        self.tell(Failed("scan", code, message, hint))

    def cancel(self) -> None:
        self.cancelled = True
        self.tell(Failed("scan", "cancelled", "The run was cancelled."))


class PlannedSetup:
    """Everything is installed, unless the test says what is wrong."""

    def __init__(self, wrong: Exception | None = None) -> None:
        self.wrong = wrong
        self.workers: list[PlannedWorker] = []
        self.installed = self.closed = 0
        self.waits_for_restart = ""
        self._chosen = {"model": "default", "device": "auto", "python": ""}

    @property
    def worker(self) -> PlannedWorker:
        return self.workers[-1]

    def models(self) -> list[tuple[str, str]]:
        return [("Embedded default", "default"), ("Another", "another")]

    def detectors(self) -> list[str]:
        return ["embedded-detector"]

    def devices(self) -> list[tuple[str, str]]:
        return [("Automatic", "auto"), ("CPU", "cpu")]

    def chosen(self, name: str) -> str:
        return self._chosen[name]

    def choose(self, name: str, value: str) -> None:
        self._chosen[name] = value

    def require_ready(self, model: str) -> None:
        if self.wrong is not None:
            raise self.wrong

    def install(self) -> None:
        self.installed += 1
        self.wrong = None

    def install_faster(self) -> None:
        if self.wrong is not None:
            raise self.wrong
        self.installed += 1

    def close(self) -> None:
        self.closed += 1

    def make_worker(self, on_event: Callable[[Event], None]) -> PlannedWorker:
        self.workers.append(PlannedWorker(on_event))
        return self.workers[-1]

    def examine(self, done: Callable[[str], None]) -> None:
        done("All is well.")


def bleed_mask(scan: Any, label: int = 2) -> Any:
    """Label values ``[D, H, W]``: the bleed of the painted head."""
    shape = slicer.util.arrayFromVolume(scan).shape
    mask = np.zeros(shape, np.uint8)
    mask[bleed_slices(shape)] = label
    return mask


def shown(opened: Any, scan: Any, mask: Any = None, setup: PlannedSetup | None = None) -> OpenPanel:
    """A panel that shows the result of a run."""
    setup = setup or PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan) if mask is None else mask)
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    panel.settle()
    return panel


def segmentations(scene: Any) -> list[Any]:
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    return [scene.GetNthNodeByClass(n, "vtkMRMLSegmentationNode") for n in range(count)]


def erase_half(scene: Any, scan: Any) -> None:
    """As a user does with the Segment Editor: one slice of the bleed's two is erased."""
    (node,) = segmentations(scene)
    (name,) = node.GetSegmentation().GetSegmentIDs()
    mask = (bleed_mask(scan) > 0).astype(np.uint8)
    mask[bleed_slices()[0].start] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, name, scan)


def volume(panel: Any) -> float:
    return panel.panel.session.measurements["total_volume_ml"]
