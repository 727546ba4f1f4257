"""A mask in the scene: each voxel at its place, under its label's name, colour and codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, SHAPE, Placement, blots, noise, world_of
from volumes import load_bundle, make_scan, make_transform, save_bundle

from ICHSegmentationLib.errors import GridMismatchError, UnknownLabelError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.volume import Volume

FACTS = {"id": "cascade", "version": "1.2", "sha256": "ab:cd; ef|gh", "note": "schön & gut"}
ALL = np.zeros(SHAPE, np.uint8)
ALL[1:7, 4:6, 2:8] = np.arange(1, 7, dtype=np.uint8)[:, None, None]


@pytest.fixture(params=PLACEMENTS.values(), ids=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> Placement:
    return request.param


def segment_of(node: Any, name: str) -> Any:
    return node.GetSegmentation().GetSegment(name)


def names(node: Any) -> list[str]:
    return list(node.GetSegmentation().GetSegmentIDs())


def as_slicer_exports(scene: Any, node: Any, scan: Any, segment: str) -> np.ndarray:
    """Where Slicer's own export to a labelmap on the scan says that a segment is, bool ``[D, H, W]``."""
    import slicer
    import vtk

    labelmap = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    chosen = vtk.vtkStringArray()
    chosen.InsertNextValue(segment)
    export = slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode
    assert export(node, chosen, labelmap, scan)
    voxels = slicer.util.arrayFromVolume(labelmap) != 0
    scene.RemoveNode(labelmap)
    return voxels


def centre_of_surface(node: Any, segment: str) -> np.ndarray:
    """Middle of the box around a segment's closed surface, world RAS."""
    import vtk

    surface = vtk.vtkPolyData()
    node.CreateClosedSurfaceRepresentation()
    node.GetClosedSurfaceRepresentation(segment, surface)
    to_world = vtk.vtkGeneralTransform()
    if node.GetParentTransformNode():
        node.GetParentTransformNode().GetTransformToWorld(to_world)
    points = np.array(
        [to_world.TransformPoint(surface.GetPoint(n)) for n in range(surface.GetNumberOfPoints())]
    )
    return (points.min(axis=0) + points.max(axis=0)) / 2


def test_every_voxel_of_a_mask_lies_at_its_place_under_its_label(scene: Any, placement: Placement) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    scan = placement.scan(scene, noise())
    node = add_segmentation(scene, scan, blots(), FACTS)

    assert names(node) == ["hemorrhage", "subarachnoid"]
    np.testing.assert_array_equal(as_slicer_exports(scene, node, scan, "hemorrhage"), blots() == 1)
    np.testing.assert_array_equal(as_slicer_exports(scene, node, scan, "subarachnoid"), blots() == 4)
    np.testing.assert_array_equal(mask_of(node, scan), blots())


def test_the_surface_in_3d_lies_where_the_voxels_are(scene: Any, placement: Placement) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    box = np.zeros(SHAPE, np.uint8)
    box[3:6, 2:9, 5:10] = 2
    node = add_segmentation(scene, placement.scan(scene, noise()), box, None)
    expected = world_of(placement.world, np.argwhere(box)).mean(axis=0)
    slack = np.abs(placement.world[:3, :3]).max() * 0.35  # smoothing rounds corners, on a slant unevenly
    np.testing.assert_allclose(centre_of_surface(node, "intraparenchymal"), expected, atol=slack)


def test_simpleitk_finds_each_voxel_of_a_saved_segmentation_at_its_place(scene: Any, tmp_path: Path) -> None:
    import SimpleITK as sitk
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    for number, name in enumerate(["oblique", "left-handed", "slices downward", "coronal"]):
        placement = PLACEMENTS[name]
        node = add_segmentation(scene, placement.scan(scene, noise()), blots(), FACTS)
        path = tmp_path / f"{number}.seg.nrrd"
        node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(str(path))
        assert node.GetStorageNode().WriteData(node)
        image = sitk.ReadImage(str(path))
        voxels = sitk.GetArrayFromImage(image)
        for label in (1, 4):
            found = [
                np.array(image.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]])) * [-1, -1, 1]
                for index in np.argwhere(voxels == label)
            ]
            expected = world_of(placement.affine, np.argwhere(blots() == label))
            np.testing.assert_allclose(_sorted(np.array(found)), _sorted(expected), atol=1e-3)


def _sorted(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(points.round(2).T)]


def test_a_mask_comes_back_from_the_library_s_files_to_the_voxels_it_was_made_on(
    scene: Any, placement: Placement, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.scan_export import ct_of, voxels_of, write_scan
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    scan = placement.scan(scene, noise())
    read = read_ct(write_scan(scan, tmp_path / "scan.nii"))
    write_mask(Volume((read.voxels > 900).astype(np.uint8) * 4, read.affine), tmp_path / "m.nii.gz", read)
    mask = read_mask(tmp_path / "m.nii.gz")
    ct_of(scan).require_same_grid(mask)

    node = add_segmentation(scene, scan, mask.voxels, FACTS)
    np.testing.assert_array_equal(mask_of(node, scan) == 4, voxels_of(scan) > 900)


@pytest.mark.parametrize("name", ["oblique", "left-handed", "slices downward", "coronal"])
def test_a_segmentation_that_slicer_saves_cut_to_its_segments_is_read_on_its_scan(
    scene: Any, tmp_path: Path, name: str
) -> None:
    from ICHSegmentationSlicerLib.scan_export import write_scan
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = PLACEMENTS[name].scan(scene, noise())
    ct = read_ct(write_scan(scan, tmp_path / "scan.nii"))
    node = add_segmentation(scene, scan, blots(), FACTS)
    cut = read_mask(_saved_cut(node, tmp_path / "cut.seg.nrrd"))
    assert cut.voxels.size < blots().size / 2
    np.testing.assert_array_equal(read_mask(tmp_path / "cut.seg.nrrd", ct).voxels, blots())


def test_a_segmentation_saved_without_a_segment_is_an_empty_mask(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.scan_export import ct_of
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, np.zeros(SHAPE, np.uint8), FACTS)
    mask = read_mask(_saved_cut(node, tmp_path / "none.seg.nrrd"), ct_of(scan))
    assert mask.voxels.shape == SHAPE
    assert not mask.voxels.any()


def _saved_cut(node: Any, path: Path) -> Path:
    """The file that Slicer writes of a segmentation when told to keep only the box around its segments."""
    node.AddDefaultStorageNode()
    storage = node.GetStorageNode()
    storage.SetCropToMinimumExtent(True)
    storage.SetFileName(str(path))
    assert storage.WriteData(node)
    return path


def test_each_label_has_its_name_colour_and_value(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    node = add_segmentation(scene, make_scan(scene, voxels=noise()), ALL, FACTS)
    assert names(node) == [label.id for label in LABELS]
    for label in LABELS:
        segment = segment_of(node, label.id)
        assert segment.GetName() == label.name
        np.testing.assert_allclose(segment.GetColor(), np.array(label.colour) / 255, atol=1e-6)
        assert segment.GetLabelValue() == label.value
        assert not segment.GetNameAutoGenerated()
        assert not segment.GetColorAutoGenerated()
    assert len({segment_of(node, label.id).GetColor() for label in LABELS}) == len(LABELS)


def test_all_segments_share_one_labelmap(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    node = add_segmentation(scene, make_scan(scene, voxels=noise()), ALL, FACTS)
    assert node.GetSegmentation().GetNumberOfLayers() == 1


def test_an_empty_mask_is_a_segmentation_without_segments(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of, show

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, np.zeros(SHAPE, np.uint8), FACTS)
    show(node, scan)
    assert names(node) == []
    assert not mask_of(node, scan).any()
    assert segmentations_of(scene, scan) == [node]


def test_the_node_is_tied_to_its_scan(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = PLACEMENTS["sheared by its parent"].scan(scene, noise())
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(scan), study)
    node = add_segmentation(scene, scan, blots(), FACTS)

    assert node.GetName() == "Head CT hemorrhage"
    assert (
        node.GetNodeReference(slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()) == scan
    )
    assert node.GetTransformNodeID() == scan.GetTransformNodeID()
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study
    assert node.GetSegmentation().GetSourceRepresentationName() == "Binary labelmap"
    reference = node.GetSegmentation().GetConversionParameter("Reference image geometry")
    assert reference.endswith(f"0;{SHAPE[2] - 1};0;{SHAPE[1] - 1};0;{SHAPE[0] - 1};")


def test_a_mask_of_another_size_is_refused(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    with pytest.raises(
        GridMismatchError, match="9 x 14 x 12 voxels as the scan has, found one of 14 x 9 x 12"
    ):
        add_segmentation(scene, make_scan(scene, voxels=noise()), blots().swapaxes(0, 1), FACTS)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_who_listens_is_told_of_each_segment_by_its_name(scene: Any) -> None:
    import slicer
    import vtk
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, np.zeros(SHAPE, np.uint8), None)
    told = []

    @vtk.calldata_type(vtk.VTK_STRING)
    def hear(caller: Any, event: Any, segment: str) -> None:
        told.append(segment)

    node.AddObserver(slicer.vtkSegmentation.SegmentAdded, hear)
    add_segmentation(scene, scan, blots(), None, replace=node)
    assert told == ["hemorrhage", "subarachnoid"]


def test_an_unknown_label_is_refused_and_leaves_an_earlier_result_as_it_was(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    with pytest.raises(UnknownLabelError):
        add_segmentation(scene, scan, blots() * 2, None, replace=node)
    with pytest.raises(UnknownLabelError):
        add_segmentation(scene, scan, blots() * 2, None)
    assert segmentations_of(scene, scan) == [node]
    np.testing.assert_array_equal(mask_of(node, scan), blots())


def test_replacing_fills_the_same_node_and_forgets_what_was_in_it(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import (
        add_segmentation,
        edited_labels,
        mark_edited,
        mask_of,
        model_facts_of,
        segmentations_of,
        show,
    )  # fmt: skip

    scan = make_scan(scene, voxels=noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    show(node, scan)
    display = node.GetDisplayNode()
    mark_edited(segment_of(node, "hemorrhage"))

    again = add_segmentation(scene, scan, ALL, {"id": "other"}, replace=node)
    assert again is node
    assert segmentations_of(scene, scan) == [node]
    np.testing.assert_array_equal(mask_of(node, scan), ALL)
    assert model_facts_of(node) == {"id": "other"}
    assert edited_labels(node) == []
    assert node.GetDisplayNode() is display
    show(node, scan)
    list(make_surfaces(node))
    surfaces = [segment_of(node, name).GetRepresentation("Closed surface") for name in names(node)]
    assert all(surface.GetNumberOfPoints() for surface in surfaces)


def test_a_second_result_beside_the_first_is_a_node_of_its_own(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of

    scan, other = make_scan(scene, voxels=noise()), make_scan(scene, voxels=noise())
    first = add_segmentation(scene, scan, blots(), FACTS)
    second = add_segmentation(scene, scan, ALL, FACTS)
    foreign = add_segmentation(scene, other, ALL, FACTS)
    scene.AddNewNodeByClass("vtkMRMLSegmentationNode").SetReferenceImageGeometryParameterFromVolumeNode(scan)
    assert segmentations_of(scene, scan) == [first, second]
    assert segmentations_of(scene, other) == [foreign]
    np.testing.assert_array_equal(mask_of(first, scan), blots())


def test_outlines_are_shown_in_slices_and_a_surface_in_3d(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, show

    scan = make_scan(scene, voxels=noise())
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    node = add_segmentation(scene, scan, blots(), FACTS)
    show(node, scan)
    display = node.GetDisplayNode()
    assert display.GetVisibility()
    assert display.GetVisibility2DOutline()
    assert not display.GetVisibility2DFill()
    assert display.GetVisibility3D()
    assert display.GetPreferredDisplayRepresentationName3D() == "Closed surface"
    assert view.GetBackgroundVolumeID() == scan.GetID()


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


@pytest.mark.parametrize("name", ["oblique", "left-handed", "sheared by its parent", "tilted by a grid"])
def test_a_saved_scene_comes_back_whole(scene: Any, name: str, tmp_path: Path) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import (
        add_segmentation,
        edited_labels,
        mark_edited,
        mask_of,
        model_facts_of,
        segmentations_of,
        show,
    )  # fmt: skip

    scan = PLACEMENTS[name].scan(scene, noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    show(node, scan)
    mark_edited(segment_of(node, "hemorrhage"))
    load_bundle(scene, save_bundle(scene, tmp_path / "scene.mrb"))

    (scan,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    (node,) = segmentations_of(scene, scan)
    # Slicer reads a left-handed volume with its slices the other way round, and the places stay the same.
    order = -1 if np.linalg.det(PLACEMENTS[name].affine) < 0 else 1
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), noise()[::order])
    np.testing.assert_array_equal(mask_of(node, scan), blots()[::order])
    np.testing.assert_array_equal(as_slicer_exports(scene, node, scan, "subarachnoid"), blots()[::order] == 4)
    assert node.GetTransformNodeID() == scan.GetTransformNodeID()
    assert model_facts_of(node) == FACTS
    assert edited_labels(node) == ["hemorrhage"]
    assert segment_of(node, "subarachnoid").GetName() == "Subarachnoid hemorrhage"
    assert "35951006" in segment_of(node, "subarachnoid").GetTerminology()
    assert not node.GetDisplayNode().GetVisibility2DFill()


def test_nothing_needs_the_temporary_files_once_the_mask_is_shown(scene: Any, tmp_path: Path) -> None:
    import shutil

    import slicer
    from ICHSegmentationSlicerLib.scan_export import write_scan
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of, show

    work, kept = tmp_path / "work", tmp_path / "kept"
    scan = PLACEMENTS["oblique"].scan(scene, noise())
    read = read_ct(write_scan(scan, work / "scan.nii"))
    write_mask(Volume(blots(), read.affine), work / "mask.nii.gz", read)
    node = add_segmentation(scene, scan, read_mask(work / "mask.nii.gz").voxels, FACTS)
    show(node, scan)
    shutil.rmtree(work)

    for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode"):
        for made in slicer.util.getNodesByClass(kind):
            files = [made.GetNthStorageNode(n).GetFileName() for n in range(made.GetNumberOfStorageNodes())]
            assert not [file for file in files if file and str(work) in file]
    load_bundle(scene, save_bundle(scene, kept / "scene.mrb"))
    (scan,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    np.testing.assert_array_equal(mask_of(segmentations_of(scene, scan)[0], scan), blots())
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), noise())
