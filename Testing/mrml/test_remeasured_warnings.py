"""What a run warned of, after an edit and in a saved scene: kept where it holds, else told anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, Placement
from volumes import load_bundle, make_acquisition, make_scan, make_tilt, save_bundle

SHAPE = (8, 40, 36)
THICK = "Slices lie 7.0 mm apart: small or thin hemorrhages can be missed."
SUBDURAL = "Detector: subdural hemorrhage likely on slice 7, nothing outlined there."


def detection(threshold: float = 0.5, subdural: float = 0.7) -> dict[str, Any]:
    """Blood in the brain on the third and fourth slice, subdural blood on the seventh."""
    from ICHSegmentationLib.detection import CLASSES, Detection

    slices = np.full((SHAPE[0], len(CLASSES)), 0.02, np.float32)
    for name, at, chance in (
        ("hemorrhage", [2, 3, 6], 0.9),
        ("intraparenchymal", [2, 3], 0.8),
        ("subdural", [6], subdural),
    ):
        slices[at, CLASSES.index(name)] = chance
    return Detection(slices.max(axis=0), slices, np.full(len(CLASSES), threshold, np.float32)).to_dict()


class Result:
    """A scan of slices 5 mm apart with a box of blood on its third and fourth slice."""

    def __init__(self, scene: Any, placement: Placement | None = None) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

        mask = np.zeros(SHAPE, np.uint8)
        mask[2:4, 10:20, 12:22] = 2
        voxels = np.full(SHAPE, 34, np.int16)
        self.scan = placement.scan(scene, voxels) if placement else make_scan(scene, voxels=voxels)
        self.node = add_segmentation(scene, self.scan, mask, None)

    def told(self, **more: Any) -> Result:
        from ICHSegmentationSlicerLib.told import keep_with

        keep_with(self.node, {"lesions": [], **more})
        return self

    def paint(self, slices: slice, label: str) -> None:
        import slicer

        inside = np.zeros(SHAPE, np.uint8)
        inside[slices, 5:10, 5:10] = 1
        if self.node.GetSegmentation().GetSegment(label) is None:
            from ICHSegmentationSlicerLib.segment_edits import segment_with

            from ICHSegmentationLib.labels import label_named

            segment_with(self.node, label_named(label))
        slicer.util.updateSegmentBinaryLabelmapFromArray(inside, self.node, label, self.scan)

    @property
    def warnings(self) -> list[str]:
        from ICHSegmentationSlicerLib.remeasure import remeasure_with_what_was_told

        return remeasure_with_what_was_told(self.scan, self.node)["warnings"]


def of_the_detector(warnings: list[str]) -> list[str]:
    return [warning for warning in warnings if warning.startswith("Detector:")]


@pytest.mark.parametrize("name", ["plain", "left-handed", "slices downward", "sheared by its parent"])
def test_the_detectors_find_is_told_until_something_is_outlined_there(scene: Any, name: str) -> None:
    result = Result(scene, PLACEMENTS[name]).told(detection=detection(), warnings=[SUBDURAL, THICK])
    assert of_the_detector(result.warnings) == [SUBDURAL]
    result.paint(slice(6, 7), "subdural")
    assert of_the_detector(result.warnings) == []
    result.paint(slice(0, 1), "subdural")  # where it was is nothing any more
    assert of_the_detector(result.warnings) == [SUBDURAL]


def test_what_is_erased_though_the_detector_finds_it_is_told(scene: Any) -> None:
    result = Result(scene).told(detection=detection(), warnings=[SUBDURAL])
    result.node.GetSegmentation().RemoveAllSegments()
    assert result.warnings == [
        "Detector: intraparenchymal hemorrhage likely on slices 3–4, nothing outlined there.",
        SUBDURAL,
    ]


def test_what_is_painted_on_a_scan_that_the_detector_calls_clear_is_told(scene: Any) -> None:
    result = Result(scene).told(detection=detection(threshold=0.95), warnings=[])
    assert of_the_detector(result.warnings) == [
        "Detector: hemorrhage unlikely (90 %), but outlined on slices 3–4."
    ]


def test_marks_are_those_that_the_run_told_and_not_those_of_rounded_numbers(scene: Any) -> None:
    just_below = detection(threshold=0.7, subdural=0.69997)  # told as 0.7000
    assert just_below["slices"]["subdural"][6] == 0.7
    result = Result(scene).told(detection=just_below, warnings=[])
    assert of_the_detector(result.warnings) == [
        "Detector: hemorrhage likely on slice 7, nothing outlined there."
    ]


def test_warnings_of_the_scan_outlast_an_edit_and_a_saved_scene_and_those_of_a_lesion_follow_it(
    scene: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import segmentations_of

    coarse = "Lesion 1 lies on only 2 slices: its depth C and Tada estimate are coarse."
    result = Result(scene).told(detection=detection(), warnings=[THICK, SUBDURAL, coarse])
    assert result.warnings == [SUBDURAL, THICK, coarse]
    result.paint(slice(1, 6), "intraparenchymal")
    load_bundle(scene, save_bundle(scene, tmp_path / "scene.mrb"))
    result.scan = scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    (result.node,) = segmentations_of(scene, result.scan)
    assert result.warnings == [THICK]  # slice 6 is as near to slice 7 as the detector sees


def test_under_a_tilted_scans_transform_the_slices_distance_is_that_between_planes(scene: Any) -> None:
    """Sheared by 60 degrees, slices are 10 mm apart along their axis and 5 mm across."""
    result = Result(scene).told(detection=detection(), warnings=[])
    affine = np.diag([-0.5, -0.5, 5.0, 1.0])
    tilt = make_tilt(scene, affine, SHAPE, (0, 5.0 * np.sqrt(3), 0))
    for node in (result.scan, result.node):
        node.SetAndObserveTransformNodeID(tilt.GetID())
    result.paint(slice(4, 5), "subdural")  # two slices away
    assert of_the_detector(result.warnings) == [SUBDURAL]
    result.paint(slice(5, 6), "subdural")
    assert of_the_detector(result.warnings) == []


def test_what_is_near_counts_in_mm_where_slices_lie_unevenly(scene: Any) -> None:
    result = Result(scene).told(detection=detection(), warnings=[])
    result.paint(slice(4, 5), "subdural")
    assert of_the_detector(result.warnings) == [SUBDURAL]  # 10 mm away
    moved = np.zeros((SHAPE[0], 3))
    moved[5:, 2] = -2.5, -5.0, -7.5  # the upper four slices lie 2.5 mm apart
    closer = make_acquisition(scene, np.diag([-0.5, -0.5, 5.0, 1.0]), SHAPE, moved)
    for node in (result.scan, result.node):
        node.SetAndObserveTransformNodeID(closer.GetID())
    assert of_the_detector(result.warnings) == []
