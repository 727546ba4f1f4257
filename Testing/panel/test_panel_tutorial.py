"""The tutorial of the README, step by step: the real worker and model, on small heads.

Real are the panel, the scene, the set-up, the process and the network. The stand-in's are the window around
it, Slicer's packaging helper, and PythonSlicer, which here leads to the Python of the tests.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from heads import make_phantom
from opening import OpenPanel, segmentations, volume
from PySide6 import QtCore

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")

SHAPE, SPACING = (26, 128, 128), (5.0, 1.8, 1.8)


@pytest.fixture
def slicers_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PythonSlicer on the path, as Slicer has it."""
    pytest.importorskip("torch", reason="PyTorch is not here")
    if sys.platform == "win32":
        pytest.skip("the launcher of this test is a shell script")
    launcher = tmp_path / "bin" / "PythonSlicer"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(launcher.parent), prepend=":")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def small_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples in few voxels, so that a run takes seconds."""
    from ICHSegmentationLib import phantom

    monkeypatch.setattr(phantom, "make_phantom", partial(make_phantom, shape=SHAPE, spacing=SPACING))


class Heartbeat:
    """How often the panel's thread came to handle its events."""

    def __init__(self) -> None:
        self.beats = 0
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(10)

    def _beat(self) -> None:
        self.beats += 1


def kept_worker() -> int:
    """Process id of the worker that stays between runs."""
    import slicer
    from ICHSegmentationSlicerLib.set_up import _warm_process

    return _warm_process(slicer.app).pid


def sample(scene: Any, name: str) -> Any:
    from ICHSegmentationSlicerLib.sample_data import SAMPLES, add_sample

    (chosen,) = [sample for sample in SAMPLES if sample.name == name]
    return add_sample(scene, chosen)


def segment(panel: OpenPanel) -> int:
    """Press the button and wait for the result; how often the panel handled events while the worker ran."""
    panel.ui.applyButton.click()
    run = panel.panel._scan._run
    assert panel.settle(lambda: run.working, 60), panel.said()
    heart = Heartbeat()
    assert panel.settle(lambda: not run.working, 300)
    beats = heart.beats
    assert panel.settle(lambda: not panel.panel.running, 60)
    assert not panel.said(), panel.said()
    return beats


def nodes(scene: Any, kind: str) -> list[Any]:
    return [scene.GetNthNodeByClass(n, kind) for n in range(scene.GetNumberOfNodesByClass(kind))]


def click_on_the_lesion(panel: OpenPanel, scene: Any, place: list[float]) -> None:
    before = volume(panel)
    selection = scene.GetSingletonNode("Singleton", "vtkMRMLSelectionNode")
    scene.GetNodeByID(selection.GetActivePlaceNodeID()).AddControlPointWorld(*place)
    assert panel.settle(lambda: volume(panel) != before, 60), panel.said("correctionLabel")


def look_at_what_the_detector_made_of(panel: OpenPanel, scene: Any) -> None:
    """The sentence, the slices, a click on one of them, and what the embedded detector looked at."""
    import slicer
    import vtk
    from ICHSegmentationSlicerLib.map_overlay import HEAT, overlay_of

    ui, scan, kept = panel.ui, panel.ui.scanSelector.currentNode(), kept_worker()
    truth = make_phantom(12, "intraparenchymal", 22.0, SHAPE, SPACING).mask.voxels > 0
    assert panel.said("detectionLabel").startswith("Hemorrhage likely")
    lines = [ui.detectionList.item(row).text() for row in range(ui.detectionList.count())]
    listed = [int(line.split()[1].rstrip(":")) - 1 for line in lines]
    assert truth.sum(axis=(1, 2)).argmax() in listed
    assert truth[listed].any(axis=(1, 2)).mean() > 0.8
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetOrientation("Axial")
    ui.detectionList.setCurrentRow(len(lines) - 1)
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    assert view.GetSliceOffset() == pytest.approx(matrix.MultiplyPoint((0, 0, listed[-1], 1))[2])

    ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: panel.panel.session.overlay == "heat", 300), panel.said("heatLabel")
    heat = slicer.util.arrayFromVolume(overlay_of(scene, scan, HEAT))
    assert heat[truth].mean() > 10 * heat[~truth].mean()
    assert kept_worker() == kept != 0  # it needed no process of its own
    ui.heatShowCheckBox.setChecked(False)


def test_the_tutorial_leads_a_new_user_to_the_end(
    desktop: Any, opened: Any, slicers_python: None, small_heads: None, tmp_path: Path
) -> None:
    scene = desktop.scene
    # 2 and 3: the phantom is loaded, the module opened, the button pressed
    phantom = sample(scene, "Head CT phantom")
    panel = opened()
    ui = panel.ui
    assert ui.scanSelector.currentNode() is phantom
    assert segment(panel) > 50
    # 4: the result
    first = volume(panel)
    assert first == pytest.approx(22, rel=0.1)
    assert panel.said("headlineLabel").startswith(f"{first:.1f} mL in ")
    (segmentation,) = segmentations(scene)
    assert segmentation.GetName() == "Head CT phantom hemorrhage"
    names = [row[0] for row in panel.table()]
    ui.lesionTable.selectRow(next(row for row, name in enumerate(names) if name.startswith("Lesion 1")))
    # where the run was told nothing of subtypes, and where it was, the user has the last word
    ui.relabelComboBox.setCurrentText("Intraparenchymal hemorrhage")
    assert "Lesion 1 (IPH)" in [row[0] for row in panel.table()]
    assert volume(panel) == pytest.approx(first)
    look_at_what_the_detector_made_of(panel, scene)
    # 5: Tada lines
    ui.tadaShowCheckBox.setChecked(True)
    automatic = panel.said("tadaLabel")
    line = next(node for node in nodes(scene, "vtkMRMLMarkupsLineNode") if node.GetName().endswith(" A"))
    x, y, z = line.GetNthControlPointPositionWorld(0)
    line.SetNthControlPointPositionWorld(0, x + 10, y + 10, z)
    assert panel.said("tadaLabel") != automatic
    panel.press("tadaRefitButton")
    assert panel.said("tadaLabel") == automatic
    # 6: corrections
    ends = panel.panel.session.chosen_lesion()["tada"]["a_ends_mm"]
    middle = [(a + b) / 2 for a, b in zip(*ends, strict=True)]
    panel.press("removeLesionButton")
    click_on_the_lesion(panel, scene, middle)
    assert volume(panel) < 0.2 * first
    panel.press("addLesionButton")
    click_on_the_lesion(panel, scene, middle)
    assert volume(panel) == pytest.approx(first, rel=0.15)
    assert "edited" in panel.table()[0][4]
    # 7: take it along
    panel.press("copyButton")
    panel.panel._result._desk.ask_save_path = lambda *_: tmp_path / "table.csv"
    panel.press("csvButton")
    assert "volume_ml" in (tmp_path / "table.csv").read_text("utf-8")
    pages: list[Path] = []
    panel.panel._result._desk.open_page = pages.append
    panel.press("reportButton")
    assert "Head CT phantom" in pages[0].read_text("utf-8")
    # 8: the next day
    ui.scanSelector.setCurrentNode(sample(scene, "Head CT phantom, next day"))
    panel.settle()
    kept = kept_worker()
    segment(panel)
    assert kept_worker() == kept != 0  # it has stayed since the first scan
    second = volume(panel)
    ui.earlierScanSelector.setCurrentNode(phantom)
    ui.compareButton.click()
    assert panel.settle(lambda: "from" in panel.said("comparisonLabel"), 120), panel.said("comparisonLabel")
    assert second == pytest.approx(34, rel=0.1)
    assert "expansion" in panel.said("comparisonLabel").lower()


def test_every_button_that_the_readme_names_is_on_the_panel() -> None:
    ui = (ROOT / "ICHSegmentation" / "Resources" / "UI" / "ICHSegmentation.ui").read_text("utf-8")
    texts = {text.replace("&amp;", "") for text in re.findall(r"<string>(.*?)</string>", ui)}
    section = README.partition("## 3D Slicer")[2].partition("\n## ")[0]
    named = {" ".join(name.split()) for name in re.findall(r"\*\*(.+?)\*\*", section, re.DOTALL)}
    assert len(named) >= 8, "the README's section on 3D Slicer names buttons in bold"
    assert named <= texts
