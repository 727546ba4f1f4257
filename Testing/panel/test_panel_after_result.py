"""What the panel told of a result goes when something else takes its place."""

from __future__ import annotations

from typing import Any

import numpy as np
from opening import OpenPanel, PlannedSetup, bleed_mask
from test_panel_detection import SHAPE, detection


def nodes_named(scene: Any, name: str) -> int:
    return int(scene.GetNodesByName(name).GetNumberOfItems())


def segment_again(panel: OpenPanel, setup: PlannedSetup, mask: Any, more: Any = None) -> None:
    before = panel.panel.session.measurements
    panel.press("applyButton")
    assert panel.settle(lambda: setup.worker.started is not None, 60)
    setup.worker.finish(mask, more=more)
    assert panel.settle(lambda: panel.panel.session.measurements is not before, 60)


def test_no_map_of_an_earlier_run_lies_over_a_result_without_one(opened: Any, scan: Any, scene: Any) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan), with_map=True)
    assert panel.settle(lambda: panel.ui.uncertaintyShowCheckBox.isEnabled(), 60)
    panel.ui.uncertaintyShowCheckBox.setChecked(True)
    assert view.GetForegroundVolumeID()
    segment_again(panel, setup, np.zeros_like(bleed_mask(scan)))
    assert not view.GetForegroundVolumeID()
    assert not panel.ui.uncertaintyShowCheckBox.isChecked()
    assert not panel.ui.uncertaintyShowCheckBox.isEnabled()
    assert nodes_named(scene, "CT uncertainty") == 0


def test_what_another_detector_looked_at_is_made_anew(opened: Any, scan: Any, scene: Any) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    setup = PlannedSetup()
    panel = opened(setup)
    segment_again(panel, setup, bleed_mask(scan), {"detection": detection()})
    panel.ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: len(setup.workers) == 2 and setup.worker.started is not None, 60)
    setup.worker.finish_detection({"hemorrhage": np.full(SHAPE, 60, np.uint8)})
    assert panel.settle(lambda: bool(view.GetForegroundVolumeID()), 60)
    other = {**detection(), "model": {"id": "another-detector", "version": "2.0.0"}}
    segment_again(panel, setup, bleed_mask(scan), {"detection": other})
    assert not view.GetForegroundVolumeID()
    assert not panel.ui.heatShowCheckBox.isChecked()
    panel.ui.heatShowCheckBox.setChecked(True)
    assert panel.settle(lambda: len(setup.workers) == 4 and setup.worker.started is not None, 60)
