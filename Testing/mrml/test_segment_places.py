"""A mask in the scene: each voxel at its place, in Slicer's own view of it and in the files it saves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, SHAPE, Placement, blots, noise, world_of
from segments import FACTS, as_slicer_exports, centre_of_surface, names
from volumes import make_scan

from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import Volume


@pytest.fixture(params=PLACEMENTS.values(), ids=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> Placement:
    return request.param


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
