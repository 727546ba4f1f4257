"""Several subtypes in one result: five segments, their numbers, and a lesion that becomes another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, Placement
from volumes import load_bundle, make_scan, save_bundle

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

SHAPE = (12, 80, 76)
VOXEL_ML = 0.5 * 0.5 * 5 / 1000


def one_of_each() -> np.ndarray:
    """Label values ``[D, H, W]``: a box for each subtype, two that touch, as where blood breaks into a
    ventricle; and a second intraparenchymal one."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:6, 20:40, 20:36] = 2
    mask[4:6, 40:46, 20:30] = 3
    mask[8:10, 5:30, 50:52] = 4
    mask[2:8, 60:64, 10:60] = 5
    mask[9:11, 60:72, 60:70] = 6
    mask[0:2, 5:15, 60:70] = 2
    return mask


def lesion_of(measured: dict[str, Any], label: str, largest: bool = True) -> dict[str, Any]:
    found = [lesion for lesion in measured["lesions"] if lesion["label"] == label]
    return found[0 if largest else -1]


class Result:
    def __init__(self, scene: Any, placement: Placement = PLACEMENTS["plain"]) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

        self.scan = placement.scan(scene, np.full(SHAPE, 34, np.int16))
        self.node = add_segmentation(scene, self.scan, one_of_each(), None)

    @property
    def mask(self) -> np.ndarray:
        from ICHSegmentationSlicerLib.segmentation_nodes import mask_of

        return mask_of(self.node, self.scan)

    @property
    def measured(self) -> dict[str, Any]:
        from ICHSegmentationSlicerLib.corrections import remeasure

        return remeasure(self.scan, self.node)

    def segment(self, name: str) -> Any:
        return self.node.GetSegmentation().GetSegment(name)


def test_each_subtype_is_a_segment_with_its_own_name_colour_and_terminology(scene: Any) -> None:
    result = Result(scene)
    assert list(result.node.GetSegmentation().GetSegmentIDs()) == [label.id for label in SUBTYPES]
    for label in SUBTYPES:
        segment = result.segment(label.id)
        assert segment.GetName() == label.name
        assert [round(255 * part) for part in segment.GetColor()] == list(label.colour)
        assert "50960005" in segment.GetTerminology()
        assert label.region.value in segment.GetTerminology()
    assert len({result.segment(label.id).GetColor() for label in SUBTYPES}) == 5


def test_every_subtype_is_measured_on_its_own_and_tada_is_given_where_it_is_meant(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_rows import notable, rows_of

    measured = Result(scene).measured
    counted = {label.id: np.count_nonzero(one_of_each() == label.value) * VOXEL_ML for label in SUBTYPES}
    assert measured["subtypes"] == pytest.approx(counted)
    applicable = {lesion["label"]: lesion["tada"]["applicable"] for lesion in measured["lesions"]}
    assert applicable == {
        "intraparenchymal": True,
        "intraventricular": False,
        "subarachnoid": False,
        "subdural": True,
        "epidural": True,
    }
    rows = rows_of(measured)
    assert [row.kind for row in rows] == ["total", *["subtype"] * 5, *["lesion"] * 6]
    assert "IVH present" in rows[0].marks
    assert any("Intraventricular" in sentence for sentence in notable(measured))


def test_tada_lines_are_offered_for_the_subtypes_that_they_fit(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines

    result = Result(scene)
    measured = result.measured
    assert add_tada_lines(scene, result.scan, lesion_of(measured, "subarachnoid")) is None
    lines = add_tada_lines(scene, result.scan, lesion_of(measured, "epidural"))
    assert lines.volume_ml == pytest.approx(lesion_of(measured, "epidural")["tada"]["volume_ml"])


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_a_lesion_becomes_another_subtype_and_nothing_else_changes(scene: Any, placement: Placement) -> None:
    from ICHSegmentationSlicerLib.corrections import relabel_lesion
    from ICHSegmentationSlicerLib.segmentation_nodes import edited_labels

    result = Result(scene, placement)
    saved: list[int] = []
    small = lesion_of(result.measured, "intraparenchymal", largest=False)
    relabel_lesion(result.scan, result.node, small, "subarachnoid", lambda: saved.append(1))
    expected = one_of_each()
    expected[0:2, 5:15, 60:70] = 4
    assert np.array_equal(result.mask, expected)
    assert set(edited_labels(result.node)) == {"intraparenchymal", "subarachnoid"}
    assert saved == [1]


def test_the_last_lesion_of_a_segment_takes_the_segment_along_and_undo_brings_both_back(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.corrections import relabel_lesion

    result = Result(scene)
    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(result.node.GetSegmentation())
    relabel_lesion(
        result.scan, result.node, lesion_of(result.measured, "epidural"), "subdural", history.SaveState
    )
    assert result.segment("epidural") is None
    assert np.count_nonzero(result.mask == 5) == np.count_nonzero(np.isin(one_of_each(), (5, 6)))
    assert history.RestorePreviousState()
    assert np.array_equal(result.mask, one_of_each())


def test_a_lesion_that_is_gone_is_told_and_changes_nothing(scene: Any) -> None:
    from ICHSegmentationSlicerLib.corrections import relabel_lesion

    result = Result(scene)
    gone = lesion_of(result.measured, "epidural")
    result.node.GetSegmentation().RemoveSegment("epidural")
    saved: list[int] = []
    with pytest.raises(InputError, match="not marked any more"):
        relabel_lesion(result.scan, result.node, gone, "subdural", lambda: saved.append(1))
    assert not saved


def test_an_edit_within_one_subtype_leaves_the_others_and_marks_only_that_one(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.edit_observer import EditObserver
    from ICHSegmentationSlicerLib.segmentation_nodes import edited_labels

    result = Result(scene)
    told: list[int] = []
    observer = EditObserver(result.node, lambda: told.append(1))
    erased = (one_of_each() == 5).astype(np.uint8)
    erased[2:4] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(erased, result.node, "subdural", result.scan)
    observer.stop()
    assert told
    assert edited_labels(result.node) == ["subdural"]
    expected = one_of_each()
    expected[2:4][expected[2:4] == 5] = 0
    assert np.array_equal(result.mask, expected)


def test_a_comparison_is_given_every_subtype(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import write_mask_of

    from ICHSegmentationLib.io import read_mask

    result = Result(scene)
    written = read_mask(write_mask_of(result.node, result.scan, tmp_path / "mask.nrrd"))
    assert np.array_equal(written.voxels, one_of_each())


def told_of(measured: dict[str, Any]) -> dict[str, Any]:
    """As a run tells it: every lesion is what it is called to 80 %."""
    lesions = [
        {**each, "subtype_confidence": 0.8, "subtype_told_by": "anatomy"} for each in measured["lesions"]
    ]
    return {**measured, "lesions": lesions, "detection": {"sentence": "Hemorrhage likely."}}


def test_what_a_run_told_stays_with_unchanged_lesions_through_edits_and_a_saved_scene(
    scene: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.corrections import relabel_lesion, remeasure
    from ICHSegmentationSlicerLib.measurement_rows import rows_of
    from ICHSegmentationSlicerLib.segmentation_nodes import segmentations_of
    from ICHSegmentationSlicerLib.told import keep_with, with_what_was_told

    result = Result(scene)
    keep_with(result.node, told_of(result.measured))
    relabel_lesion(result.scan, result.node, lesion_of(result.measured, "epidural"), "subarachnoid")
    load_bundle(scene, save_bundle(scene, tmp_path / "scene.mrb"))
    scan = scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    (node,) = segmentations_of(scene, scan)
    measured = with_what_was_told(node, remeasure(scan, node))
    assert measured["detection"]["sentence"] == "Hemorrhage likely."
    sure = {row.name: any("80 % sure" in mark for mark in row.marks) for row in rows_of(measured)[-6:]}
    assert list(sure.values()).count(False) == 1
    (changed,) = [name for name, is_sure in sure.items() if not is_sure]
    assert "SAH" in changed


@pytest.mark.parametrize("mm", [0.407, 0.436, 0.4883, 0.521])
def test_what_a_run_told_stays_where_its_file_tells_the_size_of_pixels_in_single_precision(
    scene: Any, tmp_path: Path, mm: float
) -> None:
    from ICHSegmentationSlicerLib.corrections import remeasure
    from ICHSegmentationSlicerLib.scan_export import write_scan
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation
    from ICHSegmentationSlicerLib.told import keep_with, with_what_was_told

    from ICHSegmentationLib.io import read_ct

    mask = np.zeros((20, 80, 80), np.uint8)
    mask[3:18, 10:70, 10:70] = 2
    scan = make_scan(scene, np.diag([-mm, -mm, 5, 1]), np.full(mask.shape, 34, np.int16))
    read = read_ct(write_scan(scan, tmp_path / "scan.nii"))
    node = add_segmentation(scene, scan, mask, None)
    keep_with(node, told_of(measure(Volume(mask, read.affine)).to_dict()))
    (lesion,) = with_what_was_told(node, remeasure(scan, node))["lesions"]
    assert lesion.get("subtype_confidence") == 0.8


def test_nobody_is_told_that_a_subtype_is_certain(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_rows import rows_of

    measured = Result(scene).measured
    measured["lesions"][0] |= {"subtype_confidence": 0.9999}
    assert "> 99 % sure" in rows_of(measured)[6].marks


def test_a_subtype_that_nobody_could_tell_is_called_unclear(scene: Any) -> None:
    from ICHSegmentationSlicerLib.corrections import remeasure
    from ICHSegmentationSlicerLib.measurement_rows import rows_of
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=np.full(SHAPE, 34, np.int16))
    node = add_segmentation(scene, scan, (one_of_each() == 2).astype(np.uint8), None)
    measured = remeasure(scan, node)
    measured["lesions"][0] |= {"subtype_confidence": 0.4, "subtype_told_by": "anatomy"}
    assert "subtype unclear" in rows_of(measured)[1].marks
