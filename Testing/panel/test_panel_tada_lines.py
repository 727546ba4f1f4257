"""Lines A, B and C that a person dragged are kept with their scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opening import OpenPanel, shown
from volumes import make_scan, save_bundle

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


def test_of_lines_one_of_which_was_deleted_none_is_kept(panel: OpenPanel, scan: Any, scene: Any) -> None:
    drag(scene)
    scene.RemoveNode(lines(scene)[1])
    choose(panel, make_scan(scene, name="Another"))
    assert lines(scene) == []
