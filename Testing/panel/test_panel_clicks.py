"""Lesions corrected in the panel: painted with the editor, added and removed by a click into a view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer
from opening import PlannedSetup, bleed_mask, segmentations, shown, volume
from volumes import bleed_slices, head_voxels


def middle_of_bleed(scan: Any) -> tuple[float, ...]:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    middle = [(part.start + part.stop - 1) // 2 for part in bleed_slices()]
    return tuple(matrix.MultiplyPoint([*middle[::-1], 1])[:3])


def click_into_a_view(scene: Any, place: tuple[float, ...]) -> None:
    """What Slicer's place mode does when the user clicks: the active node gets a point, and tells of it."""
    selection = scene.GetSingletonNode("Singleton", "vtkMRMLSelectionNode")
    node = scene.GetNodeByID(selection.GetActivePlaceNodeID())
    node.AddControlPointWorld(*place)


def test_the_editor_has_the_result_and_paints_on_fresh_blood_only(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    given = panel.ui.segmentEditorWidget._given
    assert given["segmentation"] is segmentations(scene)[0]
    assert given["source"] is scan
    editor = given["editor"]
    assert editor.GetSourceVolumeIntensityMask()
    assert tuple(editor.GetSourceVolumeIntensityMaskRange()) == (40, 90)
    panel.ui.thresholdLowSpinBox.setValue(35)
    assert tuple(editor.GetSourceVolumeIntensityMaskRange()) == (35, 90)
    boxes = panel.ui.thresholdLowSpinBox, panel.ui.thresholdHighSpinBox
    assert {(box.minimum(), box.maximum()) for box in boxes} == {(-1000, 3000)}
    panel.ui.thresholdCheckBox.setChecked(False)
    assert not editor.GetSourceVolumeIntensityMask()


def test_a_click_adds_a_lesion_of_the_chosen_kind(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan, bleed_mask(scan, 0))
    panel.ui.subtypeComboBox.setCurrentIndex(4)
    panel.press("addLesionButton")
    assert "Click on the lesion" in panel.said("correctionLabel")
    click_into_a_view(scene, middle_of_bleed(scan))
    click_into_a_view(scene, middle_of_bleed(scan))  # impatient
    assert panel.settle(lambda: bool(panel.panel.session.measurements["lesions"]), 60)
    true_ml = np.count_nonzero(head_voxels() == 65) * 0.5 * 0.5 * 5 / 1000
    assert volume(panel) == pytest.approx(true_ml, rel=0.2)
    assert panel.table()[-1][0] == "Lesion 1 (SDH)"
    assert panel.said("correctionLabel").startswith("Added")
    assert not panel.ui.addLesionButton.isChecked()
    assert "save for undo" in panel.ui.segmentEditorWidget._calls
    assert not scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode")


def test_where_blood_goes_on_the_next_click_adds_more_until_a_right_click(
    opened: Any, scan: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ICHSegmentationSlicerLib.corrections import Added

    panel = shown(opened, scan)
    places: list[Any] = []

    def add(scan: Any, segmentation: Any, place: Any, label: str, before: Any) -> Added:
        places.append(place)
        return Added(1.25, goes_on=True)

    monkeypatch.setattr(panel.panel._correction._scene, "add_lesion_at", add)
    panel.press("addLesionButton")
    click_into_a_view(scene, (1.0, 2.0, 3.0))
    click_into_a_view(scene, (1.0, 2.0, 3.0))  # impatient
    assert panel.settle(lambda: len(places) == 1, 60)
    panel.settle()
    assert panel.said("correctionLabel").startswith("Added 1.25 mL. Thin or far parts")
    assert panel.ui.addLesionButton.isChecked()
    click_into_a_view(scene, (4.0, 5.0, 6.0))
    assert panel.settle(lambda: len(places) == 2, 60)
    assert places == [(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)]
    interaction = scene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    assert not panel.ui.addLesionButton.isChecked()
    assert not scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode")


def test_without_a_result_the_editor_paints_into_no_other_segmentation(
    opened: Any, scan: Any, scene: Any
) -> None:
    scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Of another module")
    panel = opened(PlannedSetup())
    assert not panel.ui.segmentEditorWidget.isEnabled()
    assert shown(opened, scan).ui.segmentEditorWidget.isEnabled()


def test_a_point_that_follows_the_mouse_is_no_click(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.press("removeLesionButton")
    (node,) = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode", scene)
    editing = node.StartModify()
    node.AddControlPointWorld(*middle_of_bleed(scan))
    node.AddControlPointWorld(0.0, 9.9, 0.0)
    node.SetNthControlPointPosition(1, 0.0, 9.9, 0.0, node.PositionPreview)
    node.EndModify(editing)
    assert panel.settle(lambda: not panel.panel.session.measurements["lesions"], 60)


def test_a_click_removes_a_lesion(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.press("removeLesionButton")
    click_into_a_view(scene, middle_of_bleed(scan))
    assert panel.settle(lambda: not panel.panel.session.measurements["lesions"], 60)
    assert panel.said("headlineLabel") == "No hemorrhage segmented"


def test_a_click_beside_every_hemorrhage_meets_a_sentence(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.press("addLesionButton")
    click_into_a_view(scene, (0.0, 9.9, 0.0))
    panel.settle()
    assert panel.said("correctionLabel")
    assert volume(panel) > 0


def test_a_right_click_ends_the_waiting_for_a_click(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.press("addLesionButton")
    interaction = scene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    assert not panel.ui.addLesionButton.isChecked()
