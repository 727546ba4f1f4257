"""Lines A, B and C that a person dragged are kept with their scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer
from opening import OpenPanel, bleed_mask, segmentations, shown
from volumes import make_scan, save_bundle

from ICHSegmentationLib.report.numbers import ml

CLASS = "vtkMRMLMarkupsLineNode"
PLACE = [3.0, 3.0, 18.0]


@pytest.fixture
def panel(opened: Any, scan: Any) -> OpenPanel:
    panel = shown(opened, scan)
    panel.ui.tadaShowCheckBox.setChecked(True)
    return panel


def lines(scene: Any) -> list[Any]:
    return [scene.GetNthNodeByClass(n, CLASS) for n in range(scene.GetNumberOfNodesByClass(CLASS))]


def first_end(line: Any) -> list[float]:
    place = [0.0, 0.0, 0.0]
    line.GetNthControlPointPositionWorld(0, place)
    return place


def drag(scene: Any) -> None:
    lines(scene)[0].SetNthControlPointPositionWorld(0, *PLACE)


def choose(panel: OpenPanel, scan: Any) -> None:
    panel.ui.scanSelector.setCurrentNode(scan)
    panel.settle()


def test_they_come_back_when_their_scan_is_chosen_again(panel: OpenPanel, scan: Any, scene: Any) -> None:
    drag(scene)
    said = panel.said("tadaLabel")
    choose(panel, make_scan(scene, name="Another"))
    assert [line.GetDisplayNode().GetVisibility() for line in lines(scene)] == [0, 0, 0]
    choose(panel, scan)
    assert panel.settle(lambda: panel.said("tadaLabel") == said, 60)
    assert [line.GetDisplayNode().GetVisibility() for line in lines(scene)] == [1, 1, 1]
    assert first_end(lines(scene)[0]) == pytest.approx(PLACE)
    panel.press("tadaRefitButton")
    assert panel.said("tadaLabel") != said
    panel.ui.tadaShowCheckBox.setChecked(False)
    assert lines(scene) == []


def test_they_come_with_a_scene_that_is_loaded_into_the_open_panel(
    panel: OpenPanel, scene: Any, tmp_path: Path
) -> None:
    drag(scene)
    said = panel.said("tadaLabel")
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    scene.Clear(False)
    panel.settle()
    assert panel.ui.tadaShowCheckBox.isChecked()
    assert scene.ReadFromMRB(str(bundle), True)
    assert panel.settle(lambda: panel.said("tadaLabel") == said, 60)
    assert len(lines(scene)) == 3
    assert first_end(lines(scene)[0]) == pytest.approx(PLACE)


def test_lines_that_nobody_dragged_or_whose_scan_was_removed_leave_nothing(
    panel: OpenPanel, scan: Any, scene: Any
) -> None:
    another = make_scan(scene, name="Another")
    choose(panel, another)
    assert lines(scene) == []
    choose(panel, scan)
    assert panel.settle(lambda: len(lines(scene)) == 3, 60)
    drag(scene)
    scene.RemoveNode(scan)
    choose(panel, another)
    assert lines(scene) == []


def two_bleeds(scan: Any) -> Any:
    """``[D, H, W]``: the painted bleed, and a smaller one below it."""
    mask = bleed_mask(scan)
    mask[:2, 10:17, 6:12] = mask.max()
    return mask


@pytest.fixture
def two(opened: Any, scan: Any) -> OpenPanel:
    """A panel with the lines of the first of two lesions."""
    panel = shown(opened, scan, two_bleeds(scan))
    assert [lesion["id"] for lesion in panel.panel.session.measurements["lesions"]] == [1, 2]
    panel.ui.tadaShowCheckBox.setChecked(True)
    return panel


def test_they_come_back_when_their_lesion_is_chosen_again(two: OpenPanel, scene: Any) -> None:
    automatic = two.said("tadaLabel")
    drag(scene)
    said = two.said("tadaLabel")
    two.panel.session.choose_lesion(2)
    two.settle()
    assert two.said("tadaLabel").startswith("Lesion 2")
    assert [line.GetDisplayNode().GetVisibility() for line in lines(scene)] == [0, 0, 0, 1, 1, 1]
    two.panel.session.choose_lesion(1)
    two.settle()
    assert two.said("tadaLabel") == said != automatic
    assert [line.GetDisplayNode().GetVisibility() for line in lines(scene)] == [1, 1, 1]
    assert first_end(lines(scene)[0]) == pytest.approx(PLACE)
    two.press("tadaRefitButton")
    assert two.said("tadaLabel") == automatic
    two.panel.session.choose_lesion(2)
    assert len(lines(scene)) == 3


def test_they_come_back_when_lines_are_hidden_and_shown(two: OpenPanel, scene: Any) -> None:
    drag(scene)
    said = two.said("tadaLabel")
    two.ui.tadaShowCheckBox.setChecked(False)
    assert [line.GetDisplayNode().GetVisibility() for line in lines(scene)] == [0, 0, 0]
    two.ui.tadaShowCheckBox.setChecked(True)
    assert two.said("tadaLabel") == said


def test_lines_of_a_lesion_that_has_changed_meanwhile_do_not_come_back(
    two: OpenPanel, scan: Any, scene: Any
) -> None:
    drag(scene)
    two.panel.session.choose_lesion(2)
    (node,) = segmentations(scene)
    mask = two_bleeds(scan)
    mask[:, :11, 12:] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask, node, node.GetSegmentation().GetNthSegmentID(0), scan
    )
    session = two.panel.session
    assert two.settle(lambda: session.edited, 60)
    session.choose_lesion(1)
    assert two.settle(lambda: two.said("tadaLabel").startswith("Lesion 1"), 60)
    assert f"Tada {ml(session.chosen_lesion()['tada']['volume_ml'])} mL" in two.said("tadaLabel")
    assert len(lines(scene)) == 3


def test_a_saved_scene_shows_the_lines_that_it_showed(
    two: OpenPanel, scan: Any, scene: Any, tmp_path: Path
) -> None:
    drag(scene)
    two.panel.session.choose_lesion(2)
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    scene.Clear(False)
    two.settle()
    assert scene.ReadFromMRB(str(bundle), True)
    assert two.settle(lambda: two.said("tadaLabel").startswith("Lesion 2"), 60)
    two.panel.session.choose_lesion(1)
    two.settle()
    visible = [line for line in lines(scene) if line.GetDisplayNode().GetVisibility()]
    assert first_end(visible[0]) == pytest.approx(PLACE)


def test_of_lines_one_of_which_was_deleted_none_is_kept(panel: OpenPanel, scan: Any, scene: Any) -> None:
    drag(scene)
    scene.RemoveNode(lines(scene)[1])
    choose(panel, make_scan(scene, name="Another"))
    assert lines(scene) == []
