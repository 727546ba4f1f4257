"""The panel and the scene: closed in mid-run, saved, loaded again, and numbers that follow every edit."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest
import slicer
from opening import PlannedSetup, bleed_mask, erase_half, segmentations, shown, volume
from PySide6 import QtWidgets
from volumes import make_scan, save_bundle


def test_the_numbers_follow_an_edit_within_a_second(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    before = volume(panel)
    erase_half(scene, scan)
    assert panel.settle(lambda: volume(panel) != before, 60)
    assert volume(panel) == pytest.approx(before / 2)
    assert panel.said("headlineLabel") == f"{before / 2:.2f} mL in 1 lesion"
    assert "edited" in panel.table()[-1][4]
    assert "edited" in panel.ui.lesionTable.item(1, 0).toolTip()


def test_the_report_after_an_edit_is_a_new_one(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    opened_pages: list[Path] = []
    panel.panel._result._desk.open_page = opened_pages.append
    panel.press("reportButton")
    erase_half(scene, scan)
    panel.settle(lambda: panel.panel.session.edited, 60)
    panel.press("reportButton")
    assert not panel.said("resultLabel")
    first, second = opened_pages
    assert first.parent == panel.panel.session.result_folder
    assert second != first
    warning = "A person has edited the outline since it was made: intraparenchymal hemorrhage."
    assert warning in second.read_text("utf-8")


def test_the_report_of_a_run_that_replaced_a_segmentation_is_the_runs_own(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    first = panel.panel.session.result_folder
    panel.ui.targetComboBox.setCurrentIndex(1)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan, 1))
    assert panel.settle(lambda: panel.panel.session.result_folder != first, 60)
    panel.settle(lambda: "edited" in panel.panel.session.measurements, 1)  # measured as after an edit
    opened_pages: list[Path] = []
    panel.panel._result._desk.open_page = opened_pages.append
    panel.press("reportButton")
    assert opened_pages == [panel.panel.session.result_folder / "report.html"]


def test_what_a_person_removed_altogether_is_not_told_as_the_models_finding(
    opened: Any, scan: Any, scene: Any
) -> None:
    panel = shown(opened, scan)
    (node,) = segmentations(scene)
    node.GetSegmentation().RemoveAllSegments()
    assert panel.settle(lambda: not panel.panel.session.measurements["lesions"], 60)
    assert panel.said("headlineLabel") == "No hemorrhage segmented"
    assert panel.said("notableLabel") == "Nothing is outlined now: the segmentation has been edited."
    assert "edited" in panel.panel._result._scene.text(panel.panel.session.measurements)


def test_a_scan_from_dicom_can_be_saved_as_a_dicom_seg(
    opened: Any, scan: Any, scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = shown(opened, scan)
    assert not panel.ui.segButton.isEnabled()  # it came from a file
    scan.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    panel.panel._result.refresh()
    assert panel.ui.segButton.isEnabled()
    panel.panel._result._desk.ask_save_path = lambda *_: tmp_path / "seg.dcm"
    panel.press("segButton")
    assert panel.said("resultLabel").startswith("Expected the scan's slices in Slicer's DICOM database")
    given: list[Any] = []
    monkeypatch.setattr(panel.panel._result._scene, "write_dicom_seg", lambda *args: given.append(args))
    panel.press("segButton")
    assert given == [(scan, panel.panel.session.segmentation, tmp_path / "seg.dcm")]
    assert "Written to" in panel.said("resultLabel")


def test_the_scene_closed_in_mid_run_ends_the_run(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    scene.Clear(False)
    panel.settle()
    assert setup.worker.cancelled
    assert "scene was closed" in panel.said()
    assert panel.panel.session.scan is None
    assert panel.state is not None
    make_scan(scene)
    panel.ui.scanSelector.setCurrentIndex(1)
    panel.press("applyButton")
    assert len(setup.workers) == 2


def test_a_result_after_the_scene_was_closed_is_dropped(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    mask, late = bleed_mask(scan), setup.worker
    late.cancel = lambda: None
    tell = late.tell
    kept: list[Any] = []
    late.tell = kept.append
    late.finish(mask)
    scene.Clear(False)
    tell(kept[0])
    panel.settle()
    assert not segmentations(scene)


def test_the_state_of_a_closed_scene_hears_the_widgets_no_longer(opened: Any, scan: Any, scene: Any) -> None:
    panel = opened(PlannedSetup())
    before = panel.state
    scene.Clear(False)
    panel.settle()
    assert panel.state is not before
    assert not before._connections
    panel.ui.thresholdLowSpinBox.setValue(35)
    assert panel.state.paintFromHU == 35


def test_the_scene_closed_with_a_result_leaves_an_empty_panel(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.ui.tadaShowCheckBox.setChecked(True)
    scene.Clear(False)
    panel.settle()
    assert panel.said("headlineLabel") == "No result yet"
    assert panel.table() == [] or panel.ui.lesionTable.isHidden()


def test_an_earlier_scene_comes_back_with_its_numbers(
    opened: Any, scan: Any, scene: Any, tmp_path: Path
) -> None:
    first = shown(opened, scan)
    first.ui.uncertaintyComputeCheckBox.setChecked(True)
    erase_half(scene, scan)
    first.settle(lambda: first.panel.session.edited, 60)
    expected, numbers = first.table(), volume(first)
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    scene.Clear(False)
    assert scene.ReadFromMRB(str(bundle), True)
    first.close()

    panel = opened(PlannedSetup())
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert panel.ui.scanSelector.currentNode().GetName() == "CT"
    assert panel.table() == expected
    assert volume(panel) == pytest.approx(numbers)
    assert panel.ui.uncertaintyComputeCheckBox.isChecked()


def test_a_scene_loaded_into_the_open_panel_is_taken_up(
    opened: Any, scan: Any, scene: Any, tmp_path: Path
) -> None:
    panel = shown(opened, scan)
    numbers = volume(panel)
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    scene.Clear(False)
    panel.settle()
    assert scene.ReadFromMRB(str(bundle), True)
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert volume(panel) == pytest.approx(numbers)


def test_a_scene_of_something_else_that_is_added_leaves_the_result_as_it_is(
    opened: Any, scan: Any, scene: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "other.mrml")
    other = slicer.vtkMRMLScene()
    other.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Of something else")
    assert other.Commit(path)
    panel = shown(opened, scan)
    panel.ui.tadaShowCheckBox.setChecked(True)
    scene.GetFirstNodeByClass("vtkMRMLMarkupsLineNode").SetNthControlPointPositionWorld(0, 3, 3, 18)
    said, folder = panel.said("tadaLabel"), panel.panel.session.result_folder
    scene.SetURL(path)
    assert scene.Import()
    panel.settle()
    assert scene.GetFirstNodeByName("Of something else")
    assert panel.said("tadaLabel") == said
    assert panel.panel.session.result_folder == folder


def test_a_scan_that_was_loaded_in_another_module_is_chosen_when_the_panel_is_shown_again(
    opened: Any, scene: Any
) -> None:
    panel = opened(PlannedSetup())
    panel.widget.exit()
    loaded = make_scan(scene)
    panel.widget.enter()
    assert panel.ui.scanSelector.currentNode() is loaded
    make_scan(scene, name="Another")
    panel.widget.exit()
    panel.widget.enter()
    assert panel.ui.scanSelector.currentNode() is loaded


def test_another_scan_shows_its_own_numbers_and_the_first_ones_come_back(
    opened: Any, scan: Any, scene: Any
) -> None:
    panel = shown(opened, scan)
    other = make_scan(scene, name="Other")
    panel.ui.scanSelector.setCurrentNode(other)
    panel.settle()
    assert panel.said("headlineLabel") == "No result yet"
    panel.ui.scanSelector.setCurrentNode(scan)
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert panel.table()[-1][0] == "Lesion 1 (IPH)"


def test_a_chosen_row_leads_the_slices_there(opened: Any, scan: Any, scene: Any) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetLayoutName("Red")
    panel = shown(opened, scan)
    view.SetSliceOffset(-100)
    panel.ui.lesionTable.selectRow(2)
    (lesion,) = panel.panel.session.measurements["lesions"]
    assert view.GetSliceOffset() == pytest.approx(lesion["tada"]["a_ends_mm"][0][2], abs=1e-3)


def test_the_measurements_are_copied_as_text(opened: Any, scan: Any) -> None:
    panel = shown(opened, scan)
    panel.press("copyButton")
    assert "Lesion 1 (IPH)" in QtWidgets.QApplication.clipboard().text()


def test_the_table_is_saved_as_csv(opened: Any, scan: Any, tmp_path: Path) -> None:
    panel = shown(opened, scan)
    panel.panel._result._desk.ask_save_path = lambda *_: tmp_path / "numbers.csv"
    panel.press("csvButton")
    written = (tmp_path / "numbers.csv").read_bytes()
    assert written.startswith(codecs.BOM_UTF8), "without it Excel garbles what is not English"
    assert len(written.decode("utf-8").splitlines()) == 4
    panel.panel._result._desk.ask_save_path = lambda *_: tmp_path / "numbers.csv" / "below a file.csv"
    panel.press("csvButton")
    assert "could not be written" in panel.said("resultLabel")


def test_a_file_is_offered_a_name_that_is_no_folder(opened: Any, scan: Any) -> None:
    scan.SetName("5: HEAD W/O 5.0")
    scan.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    panel = shown(opened, scan)
    offered: list[str] = []
    panel.panel._result._desk.ask_save_path = lambda _title, name, _pattern: offered.append(name)
    panel.press("csvButton")
    panel.press("segButton")
    assert offered == ["5_ HEAD W_O 5.0 hemorrhage.csv", "5_ HEAD W_O 5.0 hemorrhage.dcm"]


def test_the_editors_keys_are_heard_only_while_the_editor_is_seen(opened: Any, scan: Any) -> None:
    panel = shown(opened, scan)
    calls, section = panel.ui.segmentEditorWidget._calls, panel.ui.correctionCollapsibleButton
    assert "install" not in calls
    section.setCollapsed(False)
    assert calls[-1] == "install"
    panel.ui.segmentEditorWidget.setActiveEffectByName("Paint")
    section.setCollapsed(True)
    assert calls[-1] == "uninstall"
    assert panel.ui.segmentEditorWidget._given["effect"] == ""


def test_leaving_the_module_ends_painting_and_placing(opened: Any, scan: Any) -> None:
    panel = shown(opened, scan)
    panel.ui.correctionCollapsibleButton.setCollapsed(False)
    panel.press("addLesionButton")
    panel.widget.exit()
    assert not panel.ui.addLesionButton.isChecked()
    assert panel.ui.segmentEditorWidget._calls[-1] == "uninstall"
    assert panel.ui.segmentEditorWidget._given["effect"] == ""


def test_the_chosen_lesion_is_called_something_else_in_one_action(opened: Any, scan: Any, scene: Any) -> None:
    mask = bleed_mask(scan)
    mask[1, 10:14, 10:14] = 2
    panel = shown(opened, scan, mask)
    panel.ui.lesionTable.selectRow(3)  # the smaller lesion
    assert panel.ui.relabelComboBox.currentText() == "Intraparenchymal hemorrhage"
    panel.ui.relabelComboBox.setCurrentText("Subarachnoid hemorrhage")
    assert [row[0] for row in panel.table()[-2:]] == ["Lesion 1 (IPH)", "Lesion 2 (SAH)"]
    assert "edited" in panel.table()[-1][4]
    assert panel.panel.session.chosen_lesion()["label"] == "subarachnoid"
    assert panel.ui.relabelComboBox.currentText() == "Subarachnoid hemorrhage"
    assert panel.ui.segmentEditorWidget._calls.count("save for undo") == 1
    (node,) = segmentations(scene)
    assert list(node.GetSegmentation().GetSegmentIDs()) == ["intraparenchymal", "subarachnoid"]


def test_without_a_lesion_nothing_can_be_called_something_else(opened: Any, scan: Any) -> None:
    panel = shown(opened, scan, bleed_mask(scan, 0))
    assert panel.ui.relabelComboBox.isHidden()
