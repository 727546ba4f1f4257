"""Lesions added and removed by a click, edits heard of, and numbers that follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, Placement, world_of
from segments import paint
from volumes import make_scan, make_transform

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

SHAPE = (12, 100, 96)
MIDDLE = (6, 50, 40)
BRAIN, CLOT = 34, 62


def painted() -> tuple[np.ndarray, np.ndarray]:
    """HU ``[D, H, W]`` with one clot that no model has marked, and where it is."""
    k, j, i = np.meshgrid(*[np.arange(n) - m for n, m in zip(SHAPE, MIDDLE, strict=True)], indexing="ij")
    clot = (k / 2.5) ** 2 + (j / 18) ** 2 + (i / 15) ** 2 <= 1
    hu = np.where(clot, CLOT, BRAIN) + np.random.default_rng(1).normal(0, 3, SHAPE)
    return hu.round().astype(np.int16), clot


def marked() -> np.ndarray:
    """Label values ``[D, H, W]`` of what is marked already: away from the clot, two pieces of label 2, two
    of label 4 that touch one of them."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:4, 5:15, 70:80] = 2
    mask[2, 5:9, 70:76] = 0
    mask[2, 5:6, 70:74] = 4
    mask[2:4, 15:20, 70:80] = 4
    mask[9:11, 5:15, 70:80] = 2
    return mask


class Case:
    """A scan with its segmentation."""

    def __init__(self, scene: Any, placement: Placement, mask: np.ndarray | None = None) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

        hu, self.clot = painted()
        self.scene, self.placement = scene, placement
        self.scan = placement.scan(scene, hu)
        self.node = add_segmentation(scene, self.scan, marked() if mask is None else mask, None)
        self.content = self.node.GetSegmentation()

    def place(self, index: tuple[int, int, int]) -> tuple[float, float, float]:
        x, y, z = world_of(self.placement.world, np.array([index]))[0]
        return x, y, z

    @property
    def mask(self) -> np.ndarray:
        from ICHSegmentationSlicerLib.segmentation_nodes import mask_of

        return mask_of(self.node, self.scan)

    @property
    def edited(self) -> set[str]:
        from ICHSegmentationSlicerLib.segmentation_nodes import is_edited

        return {name for name in self.content.GetSegmentIDs() if is_edited(self.content.GetSegment(name))}


@pytest.fixture
def case(scene: Any) -> Case:
    return Case(scene, PLACEMENTS["plain"])


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_a_click_on_a_missed_clot_outlines_it_and_changes_nothing_else(
    scene: Any, placement: Placement
) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at

    case = Case(scene, placement)
    volume = add_lesion_at(case.scan, case.node, case.place(MIDDLE), "subdural").volume_ml
    added = case.mask == 5
    assert dice(added, case.clot) > 0.9
    assert volume == pytest.approx(np.count_nonzero(added) * abs(np.linalg.det(placement.world)) / 1000)
    assert np.array_equal(np.where(added, 0, case.mask), marked())
    assert case.edited == {"subdural"}


def test_an_added_lesion_joins_the_segment_of_its_label(case: Case) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at

    add_lesion_at(case.scan, case.node, case.place(MIDDLE), "intraparenchymal")
    assert list(case.content.GetSegmentIDs()) == ["intraparenchymal", "subarachnoid"]
    assert dice((case.mask == 2) & (marked() == 0), case.clot) > 0.9
    assert np.array_equal(case.mask == 4, marked() == 4)


def test_a_lesion_can_be_added_where_the_model_found_nothing(scene: Any) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at, remeasure

    case = Case(scene, PLACEMENTS["oblique"], np.zeros(SHAPE, np.uint8))
    volume = add_lesion_at(case.scan, case.node, case.place(MIDDLE), "hemorrhage").volume_ml
    measured = remeasure(case.scan, case.node)
    assert measured["total_volume_ml"] == pytest.approx(volume)
    assert measured["edited"] == ["hemorrhage"]


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_a_click_on_a_lesion_removes_it_and_only_it(scene: Any, placement: Placement) -> None:
    from ICHSegmentationSlicerLib.corrections import remove_lesion_at

    case = Case(scene, placement)
    volume = remove_lesion_at(case.scan, case.node, case.place((3, 10, 75)))
    expected = marked()
    expected[:5][expected[:5] == 2] = 0
    assert np.array_equal(case.mask, expected)
    assert volume == pytest.approx(176 * abs(np.linalg.det(placement.world)) / 1000)
    assert case.edited == {"intraparenchymal"}


def test_a_segmentation_on_a_finer_grid_than_its_scan_is_corrected_too(case: Case) -> None:
    import slicer
    import vtk
    from ICHSegmentationSlicerLib.corrections import add_lesion_at, remove_lesion_at

    fine = slicer.vtkOrientedImageData()
    fine.SetSpacing(0.25, 0.25, 2.5)
    matrix = vtk.vtkMatrix4x4()
    case.scan.GetIJKToRASMatrix(matrix)
    half = vtk.vtkMatrix4x4()
    for n in range(3):
        half.SetElement(n, n, 0.5)
        half.SetElement(n, 3, -0.25)
    vtk.vtkMatrix4x4.Multiply4x4(matrix, half, matrix)
    fine.SetImageToWorldMatrix(matrix)
    fine.SetExtent(0, 2 * SHAPE[2] - 1, 0, 2 * SHAPE[1] - 1, 0, 2 * SHAPE[0] - 1)
    fine.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    own = case.content.GetNthSegment(0).GetRepresentation("Binary labelmap")
    finer = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(own, fine, finer)
    for n in range(2):
        case.content.GetNthSegment(n).AddRepresentation("Binary labelmap", finer)
    assert np.array_equal(case.mask, marked())

    add_lesion_at(case.scan, case.node, case.place(MIDDLE), "intraparenchymal")
    assert dice((case.mask == 2) & (marked() == 0), case.clot) > 0.9
    remove_lesion_at(case.scan, case.node, case.place(MIDDLE))
    assert np.array_equal(case.mask, marked())


@pytest.mark.parametrize("work", ["add", "remove"])
def test_a_click_on_plain_brain_is_answered_with_a_sentence_and_changes_nothing(
    case: Case, work: str
) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at, remove_lesion_at

    saved: list[int] = []
    with pytest.raises(InputError) as raised:
        if work == "add":
            add_lesion_at(
                case.scan, case.node, case.place((6, 10, 10)), "hemorrhage", lambda: saved.append(1)
            )
        else:
            remove_lesion_at(case.scan, case.node, case.place((6, 10, 10)), lambda: saved.append(1))
    assert raised.value.hint
    assert np.array_equal(case.mask, marked())
    assert not case.edited
    assert not saved


def test_a_segmentation_under_another_transform_than_its_scan_is_refused(case: Case) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at

    case.node.SetAndObserveTransformNodeID(make_transform(case.scene, np.eye(4)).GetID())
    with pytest.raises(InputError, match="same transform"):
        add_lesion_at(case.scan, case.node, case.place(MIDDLE), "hemorrhage")


@pytest.mark.parametrize("work", ["add", "remove"])
def test_a_correction_can_be_undone_with_its_mark(case: Case, work: str) -> None:
    import slicer
    from ICHSegmentationSlicerLib.corrections import add_lesion_at, remove_lesion_at

    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(case.content)
    if work == "add":
        add_lesion_at(case.scan, case.node, case.place(MIDDLE), "subdural", history.SaveState)
    else:
        remove_lesion_at(case.scan, case.node, case.place((3, 10, 75)), history.SaveState)
    assert not np.array_equal(case.mask, marked())
    assert case.edited
    assert history.RestorePreviousState()
    assert np.array_equal(case.mask, marked())
    assert not case.edited


class TestEditObserver:
    @pytest.fixture
    def told(self, case: Case) -> Any:
        from ICHSegmentationSlicerLib.corrections import EditObserver

        heard: list[float] = []
        observer = EditObserver(case.node, lambda: heard.append(np.count_nonzero(case.mask)))
        yield heard, observer
        observer.stop()

    def test_a_stroke_in_slicers_own_way_is_heard_and_marks_whose_voxels_changed(
        self, case: Case, told: Any
    ) -> None:
        heard, _ = told
        stroke(case, "subarachnoid", (slice(2, 4), slice(40, 50), slice(70, 80)))
        assert heard[-1] == np.count_nonzero(marked()) + 200
        assert case.edited == {"subarachnoid"}

    def test_a_stroke_over_another_segment_marks_both(self, case: Case, told: Any) -> None:
        stroke(case, "subarachnoid", (slice(2, 4), slice(10, 15), slice(70, 80)), over=["intraparenchymal"])
        assert np.count_nonzero(case.mask == 2) == 276
        assert case.edited == {"subarachnoid", "intraparenchymal"}

    def test_names_colours_and_looking_are_no_edits(self, case: Case, told: Any) -> None:
        heard, _ = told
        case.content.GetNthSegment(0).SetName("IPH")
        case.content.GetNthSegment(0).SetColor(0.1, 0.2, 0.3)
        case.node.CreateClosedSurfaceRepresentation()
        stroke(case, "subarachnoid", (slice(2, 4), slice(15, 20), slice(70, 80)))  # there already
        assert not heard
        assert not case.edited

    def test_a_segment_called_another_hemorrhage_is_heard_and_edited(self, case: Case, told: Any) -> None:
        heard, _ = told
        case.content.GetSegment("intraparenchymal").SetName("Subdural hemorrhage")
        assert heard
        assert case.edited == {"intraparenchymal"}  # ids stay

    def test_a_segment_that_is_no_hemorrhage_is_heard_when_it_comes_and_when_it_goes(
        self, case: Case
    ) -> None:
        from ICHSegmentationSlicerLib.corrections import EditObserver

        heard: list[int] = []
        observer = EditObserver(case.node, lambda: heard.append(case.content.GetNumberOfSegments()))
        case.content.AddEmptySegment("x", "Edema")
        case.content.RemoveSegment("x")
        observer.stop()
        assert heard == [3, 2]
        assert not case.edited

    def test_a_new_result_in_the_same_node_is_heard_but_is_no_edit(self, case: Case, told: Any) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

        heard, _ = told
        add_segmentation(case.scene, case.scan, np.flip(marked(), 0), None, replace=case.node)
        assert heard
        assert not case.edited

    def test_undo_is_heard_and_takes_the_mark_back(self, case: Case, told: Any) -> None:
        import slicer

        heard, _ = told
        history = slicer.vtkSegmentationHistory()
        history.SetSegmentation(case.content)
        history.SaveState()
        stroke(case, "subarachnoid", (slice(2, 4), slice(40, 50), slice(70, 80)))
        history.RestorePreviousState()
        assert heard[-1] == np.count_nonzero(marked())
        assert not case.edited

    def test_a_removed_segment_is_heard(self, case: Case, told: Any) -> None:
        heard, _ = told
        case.content.RemoveSegment("subarachnoid")
        assert heard[-1] == np.count_nonzero(marked() == 2)

    def test_after_stop_nothing_is_heard(self, case: Case, told: Any) -> None:
        heard, observer = told
        observer.stop()
        stroke(case, "subarachnoid", (slice(2, 4), slice(40, 50), slice(70, 80)))
        assert not heard
        assert not case.edited


def stroke(case: Case, segment: str, box: Any, over: Any = ()) -> None:
    paint(case.node, case.scan, segment, box, over)


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_the_numbers_after_an_edit_are_those_of_the_mask_as_it_is(scene: Any, placement: Placement) -> None:
    from ICHSegmentationSlicerLib.corrections import remeasure, remove_lesion_at

    case = Case(scene, placement)
    remove_lesion_at(case.scan, case.node, case.place((10, 10, 75)))
    expected = marked()
    expected[9:11, 5:15, 70:80] = 0
    measured = remeasure(case.scan, case.node)
    assert measured.pop("edited") == ["intraparenchymal"]
    voxel_ml = abs(np.linalg.det(placement.world)) / 1000
    assert measured["total_volume_ml"] == pytest.approx((176 + 100 + 4) * voxel_ml)
    places = world_of(placement.world, np.argwhere(expected == 2))
    iph = measured["lesions"][0]
    assert (iph["label"], iph["volume_ml"]) == ("intraparenchymal", pytest.approx(176 * voxel_ml))
    assert iph["centroid_mm"] == pytest.approx(list(places.mean(axis=0)), abs=0.01)
    direct = measure(Volume(expected, placement.world)).to_dict()
    assert measured["subtypes"] == pytest.approx(direct["subtypes"])
    assert measured["tada_total_ml"] == pytest.approx(direct["tada_total_ml"])


def test_an_edit_of_a_large_thin_slice_scan_is_heard_and_measured(scene: Any) -> None:
    from ICHSegmentationSlicerLib.corrections import EditObserver, remeasure
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    shape = (300, 512, 512)
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    mask = (((k - 150) / 60) ** 2 + ((j - 280) / 70) ** 2 + ((i - 200) / 60) ** 2 <= 1).astype(np.uint8) * 2
    mask[140:220, 150:400, 330:350] = 5
    mask[:, :, 100:105][(k + j)[:, :, 0] % 29 == 0] = 4  # scattered over the head
    scan = make_scan(scene, np.diag([-0.45, -0.45, 0.5, 1]), np.zeros(shape, np.int16))
    case = Case.__new__(Case)
    case.scan, case.node = scan, add_segmentation(scene, scan, mask, None)
    volumes: list[float] = []
    observer = EditObserver(case.node, lambda: volumes.append(remeasure(scan, case.node)["total_volume_ml"]))
    for row in (150, 190):
        stroke(case, "subdural", (slice(100, 120), slice(row, row + 20), slice(360, 380)))
    observer.stop()
    voxel_ml = 0.45 * 0.45 * 0.5 / 1000
    before = np.count_nonzero(mask)
    assert volumes == pytest.approx([(before + 8000) * voxel_ml, (before + 16000) * voxel_ml])
