"""Comparing with an earlier scan: in another process, and every way in which that may end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from heads import make_phantom
from opening import OpenPanel, PlannedSetup, bleed_mask, segmentations
from volumes import bleed_slices, make_scan

from ICHSegmentationLib.io import read_ct, read_mask

MOVE = np.array([[0, -1, 0, 4], [1, 0, 0, 7], [0, 0, 1, -3], [0, 0, 0, 1]], float)


def world(node: Any) -> Any:
    from ICHSegmentationSlicerLib.scan_export import world_affine

    return world_affine(node)


def middle_of_lesion(panel: OpenPanel) -> Any:
    """RAS, mm, as the table has it."""
    return np.mean(panel.panel.session.measurements["lesions"][0]["tada"]["a_ends_mm"], axis=0)


@pytest.fixture
def setup() -> PlannedSetup:
    return PlannedSetup()


@pytest.fixture
def earlier(scene: Any, desktop: Any) -> Any:
    """An earlier scan with a smaller hemorrhage, at another place in the world."""
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    affine = np.diag([-0.5, -0.5, 5.0, 1.0])
    affine[:3, 3] = 30, 20, 100
    scan = make_scan(scene, affine, name="Earlier")
    mask = bleed_mask(scan)
    mask[bleed_slices()[0].start] = 0
    add_segmentation(scene, scan, mask, {})
    return scan


@pytest.fixture
def panel(opened: Any, scan: Any, earlier: Any, setup: PlannedSetup) -> OpenPanel:
    """Shows a segmented scan, with the earlier one chosen."""
    panel = opened(setup)
    panel.ui.scanSelector.setCurrentNode(scan)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    panel.ui.earlierScanSelector.setCurrentNode(earlier)
    return panel


def test_the_worker_is_given_both_scans_with_their_masks(
    panel: OpenPanel, setup: PlannedSetup, scan: Any, earlier: Any
) -> None:
    panel.press("compareButton")
    given = setup.worker.started
    for (ct_path, mask_path), node, share in ((given.earlier, earlier, 0.5), (given.later, scan, 1.0)):
        ct = read_ct(ct_path)
        mask = read_mask(mask_path, ct)
        np.testing.assert_array_equal(ct.voxels, slicer.util.arrayFromVolume(node))
        np.testing.assert_allclose(ct.affine, world(node), atol=1e-4)
        assert set(mask.voxels[bleed_slices()][-1].ravel()) == {2}
        assert np.count_nonzero(mask.voxels) == share * np.count_nonzero(bleed_mask(node))


def test_while_it_compares_progress_is_shown_and_nothing_else_can_start(
    panel: OpenPanel, setup: PlannedSetup
) -> None:
    ui = panel.ui
    assert ui.comparisonProgressBar.isHidden()
    assert ui.comparisonCancelButton.isHidden()
    panel.press("compareButton")
    setup.worker.progress("align", 0.2)
    assert panel.said("comparisonLabel") == "Aligning both scans"
    assert ui.comparisonProgressBar.value() == 200
    assert not ui.comparisonCancelButton.isHidden()
    assert ui.compareButton.isHidden()
    assert not ui.applyButton.isEnabled()
    assert not ui.correctionCollapsibleButton.isEnabled()
    setup.worker.finish_comparison(MOVE)
    panel.settle()
    assert ui.comparisonCancelButton.isHidden()
    assert not ui.compareButton.isHidden()
    assert ui.applyButton.isEnabled()
    assert ui.correctionCollapsibleButton.isEnabled()


def test_growth_is_told_and_the_scan_with_its_places_comes_to_lie_on_the_earlier(
    panel: OpenPanel, setup: PlannedSetup, scan: Any, scene: Any
) -> None:
    before = world(scan)
    place = middle_of_lesion(panel)
    panel.press("compareButton")
    folder = setup.worker.started.out_dir
    setup.worker.finish_comparison(MOVE)
    panel.settle()
    assert panel.said("comparisonLabel") == "It grew.\nThis is no hematoma expansion."
    np.testing.assert_allclose(world(scan), MOVE @ before, atol=1e-6)
    segmentation = panel.panel.session.segmentation
    assert segmentation.GetParentTransformNode() is scan.GetParentTransformNode()
    np.testing.assert_allclose(middle_of_lesion(panel), (MOVE @ [*place, 1])[:3], atol=0.1)
    assert not folder.exists()


def test_comparing_again_begins_where_the_scan_was_acquired(
    panel: OpenPanel, setup: PlannedSetup, scan: Any
) -> None:
    before = world(scan)
    for _ in range(2):
        panel.press("compareButton")
        np.testing.assert_allclose(read_ct(setup.worker.started.later[0]).affine, before, atol=1e-4)
        setup.worker.finish_comparison(MOVE)
        panel.settle()
        np.testing.assert_allclose(world(scan), MOVE @ before, atol=1e-6)


def test_a_scan_that_does_not_fit_stays_where_it_is(panel: OpenPanel, setup: PlannedSetup, scan: Any) -> None:
    before = world(scan)
    panel.press("compareButton")
    setup.worker.finish_comparison(MOVE, trusted=False, sentence="They do not fit.")
    panel.settle()
    np.testing.assert_allclose(world(scan), before)
    assert panel.said("comparisonLabel").startswith("They do not fit.")


def test_cancel_ends_the_worker_and_moves_nothing(panel: OpenPanel, setup: PlannedSetup, scan: Any) -> None:
    before = world(scan)
    panel.press("compareButton")
    folder = setup.worker.started.out_dir
    panel.press("comparisonCancelButton")
    assert setup.worker.cancelled
    assert panel.said("comparisonLabel") == "Cancelled. The scan lies where it was acquired."
    np.testing.assert_allclose(world(scan), before)
    assert not folder.exists()
    panel.press("compareButton")
    assert panel.ui.comparisonCancelButton.isEnabled()


def test_a_failure_is_told_in_its_own_words(panel: OpenPanel, setup: PlannedSetup) -> None:
    panel.press("compareButton")
    setup.worker.fail("memory", "The memory did not suffice.", "Close other programs.")
    assert panel.said("comparisonLabel") == "The memory did not suffice.\nClose other programs."
    assert not panel.ui.compareButton.isHidden()


def test_the_scene_closed_in_mid_run_ends_the_comparison(
    panel: OpenPanel, setup: PlannedSetup, scene: Any
) -> None:
    panel.press("compareButton")
    worker = setup.worker
    scene.Clear(False)
    panel.settle()
    assert worker.cancelled
    assert "scene was closed" in panel.said("comparisonLabel")
    worker.finish_comparison(MOVE)  # too late
    panel.settle()
    assert not scene.GetFirstNodeByClass("vtkMRMLLinearTransformNode")
    assert panel.ui.applyButton.isEnabled()


def test_another_scan_or_an_edit_in_mid_run_ends_the_comparison(
    panel: OpenPanel, setup: PlannedSetup, scan: Any, earlier: Any, scene: Any
) -> None:
    panel.press("compareButton")
    node = panel.panel.session.segmentation
    (name,) = node.GetSegmentation().GetSegmentIDs()
    smaller = (bleed_mask(scan) > 0).astype(np.uint8)
    smaller[bleed_slices()[0].start] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(smaller, node, name, scan)
    assert panel.settle(lambda: setup.worker.cancelled, 60)
    assert "has changed" in panel.said("comparisonLabel")
    panel.press("compareButton")
    panel.ui.scanSelector.setCurrentNode(earlier)
    assert panel.settle(lambda: setup.worker.cancelled, 60)
    setup.worker.finish_comparison(MOVE)
    panel.settle()
    assert not scene.GetFirstNodeByClass("vtkMRMLLinearTransformNode")
    assert len(segmentations(scene)) == 2


@pytest.mark.parametrize("what", ["another scan", "an edit"])
def test_growth_is_told_only_as_long_as_it_is_of_what_is_shown(
    panel: OpenPanel, setup: PlannedSetup, scan: Any, earlier: Any, what: str
) -> None:
    panel.press("compareButton")
    setup.worker.finish_comparison(MOVE)
    panel.settle(seconds=0.5)  # the numbers follow the scan, which has moved
    panel.panel.session.choose_lesion(7)
    assert panel.said("comparisonLabel").startswith("It grew.")
    if what == "an edit":
        panel.panel.session.segmentation.GetSegmentation().RemoveAllSegments()
    else:
        panel.ui.scanSelector.setCurrentNode(earlier)
    assert panel.settle(lambda: not panel.said("comparisonLabel"), 60)


def test_another_process_compares_while_the_panel_goes_on(
    opened: Any, scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the library's own command line and its registration."""
    from engines import THE_LIBRARY
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation
    from ICHSegmentationSlicerLib.worker import Worker
    from PySide6.QtCore import QProcess, QTimer

    phantom = make_phantom(3, "intraparenchymal", 15.0, (26, 100, 90), (5.0, 2.0, 2.2))
    mask = phantom.mask.voxels
    part = np.where(np.cumsum(mask > 0).reshape(mask.shape) > 300, 0, mask)
    moved = np.eye(4)
    moved[:3, 3] = 6, -4, 5
    scans = [
        make_scan(scene, affine, phantom.ct.voxels, name=name)
        for name, affine in (("CT", moved @ phantom.ct.affine), ("Earlier", phantom.ct.affine))
    ]
    for scan, label_values in zip(scans, (mask, part), strict=True):
        add_segmentation(scene, scan, label_values, {})

    setup = PlannedSetup()
    setup.make_worker = lambda hear: Worker(QProcess, THE_LIBRARY, hear, QTimer.singleShot)
    panel = opened(setup)
    panel.ui.scanSelector.setCurrentNode(scans[0])
    assert panel.settle(lambda: panel.panel.session.segmentation is not None, 60)
    panel.ui.earlierScanSelector.setCurrentNode(scans[1])
    panel.ui.compareButton.click()
    run = panel.panel._comparison._run
    assert panel.settle(lambda: run.working, 60)
    beats: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(1))
    timer.start(10)
    assert panel.settle(lambda: not run.working, 120)
    assert len(beats) > 50
    assert panel.settle(lambda: not run.active, 60)
    assert panel.said("comparisonLabel").startswith("Hemorrhage grew from 6.6 to ")
    np.testing.assert_allclose(world(scans[0]), world(scans[1]), atol=1.0)
