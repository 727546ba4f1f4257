"""What the panel shows when nodes that it shows are removed from the scene."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from opening import PlannedSetup, bleed_mask, segmentations, shown, volume
from volumes import make_scan, make_transform


def shows_nothing(panel: Any) -> bool:
    ui = panel.ui
    buttons = ui.copyButton, ui.csvButton, ui.reportButton, ui.compareButton, ui.removeLesionButton
    return panel.said("headlineLabel") == "No result yet" and not any(each.isEnabled() for each in buttons)


def test_the_numbers_go_with_the_segmentation_that_is_removed(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.ui.tadaShowCheckBox.setChecked(True)
    panel.press("removeLesionButton")
    scene.RemoveNode(segmentations(scene)[0])
    panel.settle()
    assert shows_nothing(panel)
    assert panel.ui.targetComboBox.isHidden()
    assert not panel.ui.removeLesionButton.isChecked()
    assert not scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode")
    assert panel.panel.session.scan is scan


def test_an_earlier_segmentation_takes_the_place_of_the_one_removed(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    numbers = volume(panel)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan, 0))
    assert panel.settle(lambda: not panel.panel.session.measurements["lesions"], 60)
    older, newer = segmentations(scene)
    scene.RemoveNode(newer)
    assert panel.settle(lambda: panel.panel.session.segmentation is older, 60)
    assert volume(panel) == pytest.approx(numbers)
    assert panel.state.segmentation is older


def test_a_scan_removed_right_after_its_segmentation_leaves_an_empty_panel(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: len(segmentations(scene)) == 2 and not panel.panel.running, 60)
    scene.RemoveNode(segmentations(scene)[1])
    scene.RemoveNode(scan)
    panel.settle()
    assert shows_nothing(panel)
    assert panel.panel.session.scan is None
    assert not panel.said()


def test_a_segmentation_removed_in_mid_run_is_dropped_when_the_run_ends(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    panel.press("applyButton")
    scene.RemoveNode(segmentations(scene)[0])
    setup.worker.fail("memory", "The memory did not suffice.", "Close other programs.")
    panel.settle()
    assert shows_nothing(panel)
    assert panel.said() == "The memory did not suffice.\nClose other programs."


def test_a_scan_removed_in_mid_run_with_all_that_belongs_to_it_is_told_when_the_run_ends(
    opened: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    transform = make_transform(scene, np.eye(4))
    scan = make_scan(scene, parent=transform)
    panel = shown(opened, scan, setup=setup)
    panel.press("applyButton")
    for node in (transform, segmentations(scene)[0], scan):
        scene.RemoveNode(node)
    panel.settle(seconds=0.3)  # what moved is not measured: it is gone
    setup.worker.finish(bleed_mask(scan))
    panel.settle()
    assert "removed while it was segmented" in panel.said()
    assert shows_nothing(panel)
