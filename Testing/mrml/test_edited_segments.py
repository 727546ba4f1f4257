"""What a user made of the segments, read back as a mask, and which segments count as edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, SHAPE, blots, noise
from segments import FACTS, segment_of
from volumes import load_bundle, make_scan, make_transform, save_bundle

from ICHSegmentationLib.errors import UnknownLabelError
from ICHSegmentationLib.labels import LABELS


def test_a_mask_follows_what_the_segment_editor_made_of_the_segments(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    painted = blots() == 1
    painted[0, 0, 0] = painted[8, 13, 11] = True  # beyond the box that held the mask
    slicer.util.updateSegmentBinaryLabelmapFromArray(painted.astype(np.uint8), node, "hemorrhage", scan)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros(SHAPE, np.uint8), node, "subarachnoid", scan)
    np.testing.assert_array_equal(mask_of(node, scan), painted.astype(np.uint8))


def test_a_segment_that_a_user_added_counts_by_its_name_or_its_codes(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of
    from ICHSegmentationSlicerLib.terminology import describe

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    more = np.zeros(SHAPE, np.uint8)
    more[0, 2:4, 2:4] = 1
    node.GetSegmentation().AddEmptySegment("by name", "Subdural hemorrhage")
    node.GetSegmentation().AddEmptySegment("by codes", "on the left")
    described = segment_of(node, "by codes")
    describe(described, LABELS[2])
    described.SetName("on the left")
    slicer.util.updateSegmentBinaryLabelmapFromArray(more, node, "by name", scan)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.roll(more, 5, axis=1), node, "by codes", scan)
    expected = blots() + 5 * more + 3 * np.roll(more, 5, axis=1)
    np.testing.assert_array_equal(mask_of(node, scan), expected)


def test_a_segment_that_is_no_hemorrhage_is_told_by_its_name(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    node.GetSegmentation().AddEmptySegment("x", "Edema")
    with pytest.raises(UnknownLabelError, match="named 'Edema'"):
        mask_of(node, scan)


def test_a_segmentation_moved_apart_from_its_scan_is_read_where_it_lies(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    scan = make_scan(scene, PLACEMENTS["left-handed"].affine, noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    two_columns = np.eye(4)
    two_columns[:3, 3] = 2 * PLACEMENTS["left-handed"].affine[:3, 0]
    node.SetAndObserveTransformNodeID(make_transform(scene, two_columns).GetID())
    np.testing.assert_array_equal(mask_of(node, scan), np.roll(blots(), 2, axis=2))


def test_a_segment_remembers_that_it_was_edited(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import (
        add_segmentation,
        edited_labels,
        is_edited,
        mark_edited,
    )  # fmt: skip

    node = add_segmentation(scene, make_scan(scene, voxels=noise()), blots(), FACTS)
    assert edited_labels(node) == []
    mark_edited(segment_of(node, "subarachnoid"))
    assert is_edited(segment_of(node, "subarachnoid"))
    assert not is_edited(segment_of(node, "hemorrhage"))
    assert edited_labels(node) == ["subarachnoid"]


def test_a_segment_that_a_person_removed_counts_as_edited_also_in_a_saved_scene(
    scene: Any, tmp_path: Path
) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, edited_labels

    node = add_segmentation(scene, make_scan(scene, voxels=noise()), blots(), FACTS)
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    history.SaveState()
    node.GetSegmentation().RemoveSegment("subarachnoid")
    assert edited_labels(node) == ["subarachnoid"]
    assert history.RestorePreviousState()
    assert edited_labels(node) == []
    node.GetSegmentation().RemoveAllSegments()
    load_bundle(scene, save_bundle(scene, tmp_path / "case.mrb"))
    assert edited_labels(scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")) == [
        "hemorrhage",
        "subarachnoid",
    ]
