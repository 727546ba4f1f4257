"""What a detector says: its sentence, slices that a click leads to, and maps of what it looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from opening import OpenPanel, PlannedSetup, bleed_mask, segmentations
from volumes import save_bundle

SHAPE = (6, 40, 36)
DISAGREES = "Detector: subdural hemorrhage likely on slice 6, nothing outlined there."


def detection() -> dict[str, Any]:
    """As a real detection of six slices says it: blood in the brain on slices 4 and 5, subdural on 6."""
    from ICHSegmentationLib.detection import CLASSES, Detection

    slices = np.full((SHAPE[0], len(CLASSES)), 0.02, np.float32)
    for name, at, chance in (
        ("hemorrhage", [3, 4, 5], 0.9),
        ("intraparenchymal", [3, 4], 0.8),
        ("subdural", [5], 0.7),
    ):
        slices[at, CLASSES.index(name)] = chance
    found = Detection(slices.max(axis=0), slices, np.full(len(CLASSES), 0.5, np.float32))
    return {**found.to_dict(), "model": {"id": "embedded-detector", "version": "1.0.0"}}


@pytest.fixture
def judged(opened: Any, scan: Any, scene: Any) -> tuple[OpenPanel, PlannedSetup]:
    """A panel that shows the result of a run with a detector."""
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan), more={"detection": detection(), "warnings": [DISAGREES]})
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    return panel, setup


def lines(panel: OpenPanel) -> list[str]:
    return [panel.ui.detectionList.item(n).text() for n in range(panel.ui.detectionList.count())]


def test_the_sentence_the_disagreement_and_the_marked_slices_are_told(judged: Any) -> None:
    panel, _ = judged
    assert not panel.ui.detectionCollapsibleButton.collapsed  # as both disagree
    assert panel.said("detectionLabel") == f"{detection()['sentence']}\n{DISAGREES}"
    assert detection()["sentence"].startswith("Hemorrhage likely (90 %)")
    assert DISAGREES in panel.said("notableLabel")
    assert lines(panel) == [
        "Slice 4: 90 % (IPH 80 %)",
        "Slice 5: 90 % (IPH 80 %)",
        "Slice 6: 90 % (SDH 70 %)",
    ]


def test_the_disagreement_follows_every_edit_and_stays_with_a_saved_scene(
    opened: Any, judged: Any, scan: Any, scene: Any, tmp_path: Path
) -> None:
    panel, _ = judged
    show_blood_on(scan, scene, 3)  # two slices away from what the detector found
    assert panel.settle(lambda: panel.panel.session.edited, 60)
    assert DISAGREES in panel.said("detectionLabel")
    assert DISAGREES in panel.said("notableLabel")
    show_blood_on(scan, scene, 3, 4, 5)
    assert panel.settle(lambda: DISAGREES not in panel.said("detectionLabel"), 60)
    assert DISAGREES not in panel.said("notableLabel")
    assert panel.said("detectionLabel") == detection()["sentence"]
    show_blood_on(scan, scene, 3)
    assert panel.settle(lambda: DISAGREES in panel.said("detectionLabel"), 60)
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    panel.close()
    scene.Clear(False)
    assert scene.ReadFromMRB(str(bundle), True)
    again = opened(PlannedSetup())
    assert again.settle(lambda: again.panel.session.measurements is not None, 60)
    assert again.said("detectionLabel") == f"{detection()['sentence']}\n{DISAGREES}"
    assert DISAGREES in again.said("notableLabel")
    assert not again.ui.detectionCollapsibleButton.collapsed


def show_blood_on(scan: Any, scene: Any, *slices: int) -> None:
    """As a user does with the Segment Editor."""
    (node,) = segmentations(scene)
    mask = np.zeros(SHAPE, np.uint8)
    mask[list(slices), 10:18, 18:24] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "intraparenchymal", scan)


def test_a_chosen_slice_is_led_to(judged: Any, scan: Any, scene: Any) -> None:
    panel, _ = judged
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetOrientation("Axial")
    panel.ui.detectionList.setCurrentRow(2)
    assert view.GetSliceOffset() == pytest.approx(25.0)  # five slices of 5 mm above the first
    panel.ui.detectionList.setCurrentRow(0)
    assert view.GetSliceOffset() == pytest.approx(15.0)


def test_without_a_detector_the_section_says_so(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    assert "next run" in panel.said("detectionLabel")
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert panel.said("detectionLabel") == "No detector has judged this result."
    assert panel.ui.detectionList.isHidden()
    assert not panel.ui.heatShowCheckBox.isEnabled()


def test_what_the_detector_looked_at_is_worked_out_once_and_shown_by_class(
    judged: Any, scan: Any, scene: Any
) -> None:
    panel, setup = judged
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetBackgroundVolumeID(scan.GetID())
    offered = [panel.ui.heatComboBox.itemText(n) for n in range(3)]
    assert offered == [
        "Any hemorrhage (90 %)",
        "Intraparenchymal hemorrhage (80 %)",
        "Subdural hemorrhage (70 %)",
    ]
    panel.ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: len(setup.workers) == 2 and setup.worker.started is not None, 60)
    given = setup.worker.started.settings
    assert (given.model, given.heatmap) == ("embedded-detector", True)
    assert not panel.ui.applyButton.isEnabled()
    folder = setup.worker.started.out_dir
    heat = {name: np.full(SHAPE, value, np.uint8) for name, value in (("hemorrhage", 60), ("subdural", 80))}
    setup.worker.finish_detection(heat)
    assert panel.settle(lambda: bool(view.GetForegroundVolumeID()), 60)
    overlay = scene.GetNodeByID(view.GetForegroundVolumeID())
    assert overlay.GetName() == "CT detector heat"
    assert set(np.unique(slicer.util.arrayFromVolume(overlay))) == {60}
    assert panel.ui.applyButton.isEnabled()

    panel.ui.heatComboBox.setCurrentIndex(2)
    assert set(np.unique(slicer.util.arrayFromVolume(overlay))) == {80}
    panel.ui.heatShowCheckBox.setChecked(False)
    assert not view.GetForegroundVolumeID()
    panel.ui.heatShowCheckBox.setChecked(True)
    assert view.GetForegroundVolumeID() == overlay.GetID()
    assert len(setup.workers) == 2
    scene.Clear(False)
    panel.settle()
    assert not folder.exists()


def test_a_failed_map_is_told_and_nothing_is_ticked(judged: Any) -> None:
    panel, setup = judged
    panel.ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: len(setup.workers) == 2 and setup.worker.started is not None, 60)
    setup.worker.fail("memory", "The memory did not suffice.", "Close other programs.")
    panel.settle()
    assert panel.said("heatLabel") == "The memory did not suffice.\nClose other programs."
    assert not panel.ui.heatShowCheckBox.isChecked()
    assert panel.ui.heatShowCheckBox.isEnabled()


def test_heat_and_uncertainty_take_each_others_place(opened: Any, scan: Any, scene: Any) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan), more={"detection": detection()}, with_map=True)
    assert panel.settle(lambda: panel.ui.uncertaintyShowCheckBox.isEnabled(), 60)
    panel.ui.uncertaintyShowCheckBox.setChecked(True)
    panel.ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: len(setup.workers) == 2 and setup.worker.started is not None, 60)
    setup.worker.finish_detection({"hemorrhage": np.full(SHAPE, 60, np.uint8)})
    assert panel.settle(lambda: panel.panel.session.overlay == "heat", 60)
    assert scene.GetNodeByID(view.GetForegroundVolumeID()).GetName() == "CT detector heat"
    assert not panel.ui.uncertaintyShowCheckBox.isChecked()
    panel.ui.uncertaintyShowCheckBox.setChecked(True)
    assert scene.GetNodeByID(view.GetForegroundVolumeID()).GetName() == "CT uncertainty"
    assert not panel.ui.heatShowCheckBox.isChecked()
