"""What the panel shows when a scan, or its segmentation, is moved, and when a segment is called otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer
from opening import OpenPanel, PlannedSetup, bleed_mask, erase_half, segmentations, shown, volume
from volumes import make_acquisition, make_tilt, make_transform, plain_affine


@pytest.fixture
def two_lesions(scan: Any) -> Any:
    """Label values ``[D, H, W]``: the bleed, and a smaller one of the same kind 12.5 mm below."""
    mask = bleed_mask(scan)
    mask[1, 10:14, 10:14] = 2
    return mask


def move(mm: float, scene: Any, *nodes: Any) -> None:
    """Put nodes under a transform that lifts them."""
    matrix = np.eye(4)
    matrix[2, 3] = mm
    transform = make_transform(scene, matrix)
    for node in nodes:
        node.SetAndObserveTransformNodeID(transform.GetID())


def make_bend(scene: Any, scan: Any) -> Any:
    """A transform that moves a corner of the scan by 60 mm."""
    shape = slicer.util.arrayFromVolume(scan).shape
    bend = make_tilt(scene, plain_affine(shape), shape, (0, 3, 0))
    bend.GetTransformToParent().GetDisplacementGrid().GetPointData().GetScalars().SetComponent(5, 1, 60.0)
    return bend


def heights(panel: OpenPanel) -> list[float]:
    """World S of the lesions' centres, mm."""
    return [lesion["centroid_mm"][2] for lesion in panel.panel.session.measurements["lesions"]]


def test_places_follow_a_scan_that_is_moved_with_its_segmentation(
    opened: Any, scan: Any, scene: Any, two_lesions: Any
) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetLayoutName("Red")
    panel = shown(opened, scan, two_lesions)
    before, numbers = heights(panel), volume(panel)
    move(40, scene, scan, *segmentations(scene))
    assert panel.settle(lambda: heights(panel) != before, 60)
    assert heights(panel) == pytest.approx([height + 40 for height in before])
    assert volume(panel) == pytest.approx(numbers)
    panel.ui.lesionTable.selectRow(3)
    assert view.GetSliceOffset() == pytest.approx(heights(panel)[1])
    scan.GetParentTransformNode().SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.eye(4)))
    assert panel.settle(lambda: heights(panel) == pytest.approx(before), 60)


def test_the_chosen_lesion_of_a_moved_scan_is_the_one_that_is_called_otherwise(
    opened: Any, scan: Any, scene: Any, two_lesions: Any
) -> None:
    panel = shown(opened, scan, two_lesions)
    larger, smaller = (lesion["volume_ml"] for lesion in panel.panel.session.measurements["lesions"])
    before = heights(panel)
    move(before[0] - before[1], scene, scan, *segmentations(scene))  # the smaller to where the larger was
    assert panel.settle(lambda: heights(panel) != before, 60)
    panel.ui.lesionTable.selectRow(2)
    panel.ui.relabelComboBox.setCurrentText("Subdural hemorrhage")
    subtypes = panel.panel.session.measurements["subtypes"]
    assert subtypes["subdural"] == pytest.approx(larger)
    assert subtypes["intraparenchymal"] == pytest.approx(smaller)


def test_the_result_of_a_scan_that_was_moved_in_mid_run_has_the_places_of_now(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    move(40, scene, scan)
    told = setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert heights(panel) == pytest.approx([told["lesions"][0]["centroid_mm"][2] + 40])
    assert panel.panel.session.measurements["model"] == told["model"]
    assert not panel.panel.session.edited


def test_a_scan_that_is_bent_in_mid_run_is_told_and_nothing_is_added(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    scan.SetAndObserveTransformNodeID(make_bend(scene, scan).GetID())
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: not panel.panel.running, 60)
    assert "bends the scan" in panel.said()
    assert not segmentations(scene)


def test_a_map_follows_its_scan_as_nobody_else_can_move_it(opened: Any, scan: Any, scene: Any) -> None:
    from ICHSegmentationSlicerLib.map_overlay import overlay_of

    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan), with_map=True)
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    overlay = overlay_of(scene, scan)
    move(40, scene, scan)
    assert overlay.GetParentTransformNode() is scan.GetParentTransformNode()
    scan.HardenTransform()
    assert overlay.GetParentTransformNode() is None
    assert overlay.GetOrigin() == scan.GetOrigin()
    panel.ui.scanSelector.setCurrentNode(None)
    move(10, scene, scan)  # not seen by the panel
    panel.ui.scanSelector.setCurrentNode(scan)
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    panel.ui.uncertaintyShowCheckBox.setChecked(True)
    assert overlay.GetParentTransformNode() is scan.GetParentTransformNode()


def test_lines_that_were_dragged_stay_so_on_a_scan_that_is_moved(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    panel.ui.tadaShowCheckBox.setChecked(True)
    line = scene.GetFirstNodeByClass("vtkMRMLMarkupsLineNode")
    line.SetNthControlPointPositionWorld(0, 3, 3, 18)
    said, before = panel.said("tadaLabel"), heights(panel)
    move(40, scene, scan, *segmentations(scene))
    assert panel.settle(lambda: heights(panel) != before, 60)
    assert panel.said("tadaLabel") == said
    place = [0.0, 0.0, 0.0]
    line.GetNthControlPointPositionWorld(0, place)
    assert place == pytest.approx([3, 3, 58])
    for node in (scan, *segmentations(scene)):
        node.HardenTransform()
    panel.settle(seconds=0.3)
    for n in range(scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode")):
        scene.GetNthNodeByClass(n, "vtkMRMLMarkupsLineNode").GetNthControlPointPositionWorld(1, place)
        assert place[2] > 50


def test_a_segmentation_that_is_left_behind_is_told(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    move(300, scene, scan)
    assert panel.settle(lambda: volume(panel) == 0, 60)
    assert "not under the same transform" in panel.said("notableLabel")
    move(300, scene, *segmentations(scene))
    scan.SetAndObserveTransformNodeID(segmentations(scene)[0].GetTransformNodeID())
    assert panel.settle(lambda: volume(panel) > 0, 60)
    assert "transform" not in panel.said("notableLabel")


def test_a_transform_that_bends_the_scan_is_told_beside_the_numbers(
    opened: Any, scan: Any, scene: Any
) -> None:
    panel = shown(opened, scan)
    numbers = volume(panel)
    bent = make_bend(scene, scan)
    for node in (scan, *segmentations(scene)):
        node.SetAndObserveTransformNodeID(bent.GetID())
    assert panel.settle(lambda: "bends the scan" in panel.said("resultLabel"), 60)
    assert "before the last change" in panel.said("resultLabel")
    assert volume(panel) == numbers
    for node in (scan, *segmentations(scene)):
        node.SetAndObserveTransformNodeID(None)
    assert panel.settle(lambda: not panel.said("resultLabel"), 60)


def test_the_numbers_follow_a_segment_that_is_called_otherwise(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    (node,) = segmentations(scene)
    node.GetSegmentation().GetNthSegment(0).SetName("Subdural hemorrhage")
    assert panel.settle(lambda: panel.table()[-1][0] == "Lesion 1 (SDH)", 60)
    assert "edited" in panel.table()[-1][4]


def test_a_segment_that_is_no_hemorrhage_is_told_beside_the_numbers_until_it_goes(
    opened: Any, scan: Any, scene: Any
) -> None:
    panel = shown(opened, scan)
    (node,) = segmentations(scene)
    node.GetSegmentation().AddEmptySegment("x", "Edema")
    assert panel.settle(lambda: "'Edema'" in panel.said("resultLabel"), 60)
    assert panel.said("resultLabel").startswith("These numbers are from before the last change.")
    node.GetSegmentation().RemoveSegment("x")
    assert panel.settle(lambda: not panel.said("resultLabel"), 60)


def test_a_scan_whose_slices_lie_unevenly_is_segmented_and_measured_by_their_own_distances(
    opened: Any, scan: Any, scene: Any
) -> None:
    shape = slicer.util.arrayFromVolume(scan).shape
    moved = np.zeros((shape[0], 3))
    moved[4:, 2] = 5, 10  # the slices 3 to 5 lie 10 mm apart, those below them 5 mm
    transform = make_acquisition(scene, plain_affine(shape), shape, moved)
    scan.SetAndObserveTransformNodeID(transform.GetID())
    panel = shown(opened, scan)
    pixels_ml = np.count_nonzero(bleed_mask(scan)[3]) * 0.5 * 0.5 / 1000
    assert volume(panel) == pytest.approx(pixels_ml * (7.5 + 10))
    assert segmentations(scene)[0].GetTransformNodeID() == scan.GetTransformNodeID()
    erase_half(scene, scan)
    assert panel.settle(lambda: volume(panel) == pytest.approx(pixels_ml * 10), 60)
