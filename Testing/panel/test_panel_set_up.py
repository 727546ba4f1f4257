"""Set-up, several scans, and comparing: what the sections below the result say and start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ICHSegmentationSlicerLib.outcome import Outcome
from opening import PlannedSetup, bleed_mask
from volumes import make_scan

from ICHSegmentationLib.errors import CancelledError, InputError, ModelTamperedError

ROOT = Path(__file__).resolve().parents[2]

ABSENT = ("torch", "monai", "cc3d", "skimage", "nibabel", "jinja2", "rich", "safetensors")


class PlannedBatch:
    """A batch that tells what a test has planned."""

    def __init__(self, on_event: Any, on_finished: Any) -> None:
        self.tell, self.end = on_event, on_finished
        self.lines: list[Any] = []
        self.fraction, self.cancelled, self.summary_trouble = 0.0, False, ""

    def start_all(self, scans: list[Path], out_dir: Path, settings: Any) -> None:
        self.given = SimpleNamespace(scans=scans, out_dir=out_dir, settings=settings)
        self.lines = [SimpleNamespace(scan=s, case=s.stem, state="waiting", message="") for s in scans]

    def cancel(self) -> None:
        self.cancelled = True
        self.end(Outcome("cancelled"))


class BatchSetup(PlannedSetup):
    def __init__(self, folder: Path = Path()) -> None:
        super().__init__()
        self.folder, self.selections = folder, 0

    def scans_in(self, folder: Path) -> list[Path]:
        if not any(folder.iterdir()):
            raise InputError("Expected scans, found none.", "Choose another folder.")
        return sorted(folder.iterdir())

    def selected_scans(self) -> list[Path]:
        self.selections += 1
        scan = self.folder / "series" / "patient" / "ct"
        scan.mkdir(parents=True)
        return [scan]

    def make_batch_worker(self, on_event: Any, on_finished: Any) -> PlannedBatch:
        self.batch = PlannedBatch(on_event, on_finished)
        return self.batch


def test_the_module_opens_where_nothing_is_installed_yet(tmp_path: Path) -> None:
    """Neither torch nor what Slicer does not bring is loaded until it is needed."""
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
sys.path[:0] = {[str(ROOT / "Testing" / part) for part in ("panel", "mrml")]!r}
sys.path[:0] = [{str(ROOT / "ICHSegmentation")!r}, {str(ROOT)!r}]
import pathlib
from boot import boot
from desktop import install
from immortal_none import keep_none
keep_none()
folder = pathlib.Path({str(tmp_path)!r})
booted = boot(folder)
install(booted, folder)
from volumes import make_scan
make_scan(booted.scene)
from opening import OpenPanel
panel = OpenPanel()
panel.press("applyButton")
print("SAID", panel.said())
panel.close()
"""
    environment = {"QT_QPA_PLATFORM": "offscreen", "PATH": "", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "SAID Expected PythonSlicer beside Slicer, found none." in done.stdout


def test_what_is_chosen_is_kept_for_the_next_start(opened: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.ui.modelComboBox.setCurrentIndex(1)
    panel.ui.deviceComboBox.setCurrentIndex(1)
    panel.ui.pythonPath.setCurrentPath("python")
    panel.close()
    again = opened(setup)
    assert again.ui.modelComboBox.currentText() == "Another"
    assert again.ui.deviceComboBox.currentText() == "CPU"
    assert again.ui.pythonPath.currentPath == "python"


def test_a_set_up_that_waited_for_a_restart_goes_on(opened: Any, scene: Any) -> None:
    setup = PlannedSetup()
    setup.waits_for_restart = "The PyTorch extension was not there."
    panel = opened(setup)
    assert not panel.ui.setupCollapsibleButton.collapsed
    assert panel.said("setupLabel").startswith("The PyTorch extension was not there.")


def test_who_does_not_want_the_packages_is_told_how_to_get_them_later(opened: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)

    def decline() -> None:
        raise CancelledError("The packages were not installed.", "Press Install when you want them.")

    setup.install = decline
    panel.press("installButton")
    assert panel.said("setupLabel") == "The packages were not installed.\nPress Install when you want them."


def test_the_doctor_shows_a_text_to_copy(opened: Any, scene: Any) -> None:
    panel = opened(PlannedSetup())
    assert panel.ui.doctorText.isHidden()
    panel.press("doctorButton")
    assert panel.ui.doctorText.toPlainText() == "All is well."
    assert not panel.ui.doctorText.isHidden()


def test_an_altered_model_is_refused_in_a_sentence(opened: Any, scene: Any, tmp_path: Path) -> None:
    setup = PlannedSetup()
    panel = opened(setup)

    def refuse(path: Path) -> str:
        raise ModelTamperedError("The weights are not the ones that were published.", "Get them again.")

    setup.import_model = refuse
    panel.panel._setup._desk.ask_open_path = lambda *_: tmp_path / "model.zip"
    panel.press("modelImportButton")
    assert panel.said("setupLabel").startswith("The weights are not the ones")


def test_an_imported_model_is_chosen(opened: Any, scene: Any, tmp_path: Path) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    given: list[Path] = []

    def take(path: Path) -> str:
        given.append(path)
        return "another"

    setup.import_model = take
    panel.panel._setup._desk.ask_open_path = lambda *_: tmp_path / "folder" / "model.json"
    panel.press("modelImportButton")
    assert given == [tmp_path / "folder"]
    assert panel.ui.modelComboBox.currentText() == "Another"


def test_several_scans_are_segmented_and_counted(opened: Any, scene: Any, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in ("a.nii", "b.nii"):
        (scans / name).touch()
    setup = BatchSetup()
    panel = opened(setup)
    panel.ui.batchInputPath.setCurrentPath(str(scans))
    panel.ui.batchOutputPath.setCurrentPath(str(tmp_path / "results"))
    panel.press("batchStartButton")
    assert [scan.name for scan in setup.batch.given.scans] == ["a.nii", "b.nii"]
    assert not panel.ui.batchStartButton.isEnabled()
    setup.batch.lines[0].state = "done"
    setup.batch.lines[1].state, setup.batch.lines[1].message = "failed", "No head."
    setup.batch.fraction = 1.0
    setup.batch.tell(None)
    assert panel.said("batchLabel") == "1 of 2 scans are done.\nb: No head."
    assert panel.ui.batchProgressBar.value() == 1000
    setup.batch.summary_trouble = "summary.csv may not be written."
    setup.batch.end(Outcome("failed", hint="Choose another scan."))
    assert panel.said("batchLabel").splitlines()[1:] == [
        "b: No head.", "Choose another scan.", "summary.csv may not be written.",
    ]  # fmt: skip
    assert panel.ui.batchStartButton.isEnabled()


def test_a_batch_without_folders_or_scans_meets_a_sentence(opened: Any, scene: Any, tmp_path: Path) -> None:
    panel = opened(BatchSetup())
    panel.press("batchStartButton")
    assert panel.said("batchLabel").startswith("Expected a folder with scans")
    panel.ui.batchInputPath.setCurrentPath(str(tmp_path))
    panel.press("batchStartButton")
    assert panel.said("batchLabel").startswith("Expected scans, found none.")
    (tmp_path / "a.nii").touch()
    panel.press("batchStartButton")
    assert panel.said("batchLabel").startswith("Expected a folder for results")


@pytest.mark.parametrize("end", ["done", "closed", "not begun"])
def test_copies_of_the_selected_patients_go_with_the_batch(
    opened: Any, scene: Any, tmp_path: Path, end: str
) -> None:
    setup = BatchSetup(tmp_path)
    panel = opened(setup)
    panel.press("batchDatabaseButton")
    assert setup.selections == 0  # no copies as long as nobody knows where to put results
    panel.ui.batchOutputPath.setCurrentPath(str(tmp_path / "results"))
    if end == "not begun":

        def refuse(*_: Any) -> None:
            raise InputError("Not this.")

        setup.make_batch_worker = lambda *_: SimpleNamespace(start_all=refuse)
    panel.press("batchDatabaseButton")
    assert setup.selections == 1
    assert (tmp_path / "series").exists() is (end != "not begun")
    if end == "done":
        setup.batch.end(Outcome("done"))
    else:
        panel.close()
    assert not (tmp_path / "series").exists()


def started(opened: Any, folder: Path, scans: list[str]) -> tuple[BatchSetup, Any]:
    """A panel in which a batch works on these scans."""
    for name in scans:
        (folder / name).touch()
    setup = BatchSetup()
    panel = opened(setup)
    panel.ui.batchInputPath.setCurrentPath(str(folder))
    panel.ui.batchOutputPath.setCurrentPath(str(folder / "results"))
    panel.press("batchStartButton")
    return setup, panel


def test_a_batch_can_be_cancelled(opened: Any, scene: Any, tmp_path: Path) -> None:
    setup, panel = started(opened, tmp_path, ["a.nii"])
    panel.press("batchCancelButton")
    assert setup.batch.cancelled
    assert panel.ui.batchStartButton.isEnabled()
    assert "cancelled; the next run goes on" in panel.said("batchLabel")


def test_a_batch_can_be_cancelled_while_a_scan_is_segmented(opened: Any, scan: Any, tmp_path: Path) -> None:
    setup, panel = started(opened, tmp_path, ["a.nii"])
    panel.press("applyButton")
    assert panel.panel.running
    panel.press("batchCancelButton")
    assert setup.batch.cancelled
    assert panel.panel.running


def test_a_batch_whose_process_died_says_so_once_and_what_to_do(
    opened: Any, scene: Any, tmp_path: Path
) -> None:
    setup, panel = started(opened, tmp_path, [f"{number:02d}.nii" for number in range(30)])
    for number, line in enumerate(setup.batch.lines):
        line.state, line.message = "failed", "The run crashed." if number > 7 else f"{number} is no head."
    setup.batch.end(Outcome("failed", "crashed", "The run crashed.", "Please report it.", "in torch"))
    said = panel.said("batchLabel").splitlines()
    assert said[1:3] == ["08, 09, 10, 11, 12 and 17 more: The run crashed.", "00: 0 is no head."]
    assert said[-5] == "4 more failed; summary.csv in the results folder tells why."
    assert said[-4:] == ["Please report it.", "", "Its last lines:", "in torch"]


def test_comparing_needs_another_segmented_scan(opened: Any, scan: Any, scene: Any) -> None:
    other = make_scan(scene, name="Earlier")
    panel = shown_of(opened, scan)
    panel.press("compareButton")
    assert panel.said("comparisonLabel").startswith("Expected an earlier CT")
    panel.ui.earlierScanSelector.setCurrentNode(scan)
    panel.press("compareButton")
    assert "the same scan twice" in panel.said("comparisonLabel")
    panel.ui.earlierScanSelector.setCurrentNode(other)
    panel.press("compareButton")
    assert "found none of 'Earlier'" in panel.said("comparisonLabel")


def shown_of(opened: Any, scan: Any) -> Any:
    """A panel that shows the result of this scan, of two that are loaded."""
    setup = PlannedSetup()
    panel = opened(setup)
    panel.ui.scanSelector.setCurrentNode(scan)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    return panel


def test_while_a_run_works_nothing_else_can_hold_the_panel_up(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    for name in ("correction", "comparison", "batch", "setup"):
        assert not getattr(panel.ui, f"{name}CollapsibleButton").isEnabled()
    setup.worker.fail("memory", "The memory did not suffice.")
    for name in ("correction", "comparison", "batch", "setup"):
        assert getattr(panel.ui, f"{name}CollapsibleButton").isEnabled()


def test_a_script_gets_the_segmentation_and_its_numbers(
    desktop: Any, scan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtCore import QTimer

    import ICHSegmentation

    class AtOnce(PlannedSetup):
        def make_worker(self, on_event: Any) -> Any:
            worker = super().make_worker(on_event)
            QTimer.singleShot(50, lambda: worker.finish(bleed_mask(scan)))
            return worker

    monkeypatch.setattr(ICHSegmentation.ICHSegmentationLogic, "_setup", lambda self: AtOnce())
    segmentation, measurements = ICHSegmentation.ICHSegmentationLogic().process(scan)
    assert segmentation.GetName() == "CT hemorrhage"
    assert measurements["total_volume_ml"] > 0
    with pytest.raises(InputError, match="none chosen"):
        ICHSegmentation.ICHSegmentationLogic().process(None)


def test_the_remedy_of_a_failed_script_is_in_the_error(
    desktop: Any, scan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtCore import QTimer

    import ICHSegmentation

    class Failing(PlannedSetup):
        def make_worker(self, on_event: Any) -> Any:
            worker = super().make_worker(on_event)
            QTimer.singleShot(50, lambda: worker.fail("model_tampered", "Altered.", "Get it again."))
            return worker

    monkeypatch.setattr(ICHSegmentation.ICHSegmentationLogic, "_setup", lambda self: Failing())
    with pytest.raises(ModelTamperedError, match=r"Altered\. Get it again\."):
        ICHSegmentation.ICHSegmentationLogic().process(scan)


def test_what_makes_runs_faster_is_installed_when_asked_for_and_refusals_are_told(opened: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("fasterButton")
    assert setup.installed == 1
    assert "OpenVINO is installed" in panel.said("setupLabel")
    setup.wrong = CancelledError("The packages were not installed.", "Press it again when you want them.")
    panel.press("fasterButton")
    assert panel.said("setupLabel") == "The packages were not installed.\nPress it again when you want them."
