"""What the panel told of a result goes when something else takes its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from opening import OpenPanel, PlannedSetup, bleed_mask, shown
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


def test_a_small_volume_reads_the_same_in_every_sentence_and_in_the_table(
    opened: Any, scan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ICHSegmentationLib.report.numbers import ml, ml_more

    panel = shown(opened, scan)
    lesion = panel.panel.session.chosen_lesion()
    by_voxels, tada = lesion["volume_ml"], lesion["tada"]["volume_ml"]
    assert panel.table()[-1][1:3] == [ml(by_voxels), ml(tada)]
    sentence = f"Tada {ml(tada)} mL, by voxels {ml(by_voxels)} mL ({ml_more(tada - by_voxels)} mL)."
    assert panel.said("tadaLabel") == f"Lesion 1: {sentence}"
    monkeypatch.setattr(panel.panel._scene, "remove_lesion_at", lambda *_: 0.034)
    panel.panel._correction.remove_at((0.0, 0.0, 0.0))
    assert panel.said("correctionLabel") == "Removed 0.03 mL."
