"""A scan node as a file and as a volume: each voxel with its value at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from placements import PLACEMENTS, SHAPE, Placement, noise, world_of
from volumes import make_scan, make_tilt, plain_affine

from ICHSegmentationLib.errors import NotWritableError, OutputError
from ICHSegmentationLib.io import read_ct


@pytest.fixture(params=PLACEMENTS.values(), ids=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> Placement:
    return request.param


def through_slicer(scan: Any, index: np.ndarray) -> list[float]:
    """World RAS of one voxel (slice, row, column) by Slicer's own matrix and transform."""
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(to_ras)
    local = to_ras.MultiplyPoint([*index[::-1].astype(float), 1.0])[:3]
    to_world = vtk.vtkGeneralTransform()
    if scan.GetParentTransformNode():
        scan.GetParentTransformNode().GetTransformToWorld(to_world)
    return list(to_world.TransformPoint(local))


def test_every_voxel_of_the_file_has_its_value_and_its_place(
    scene: Any, placement: Placement, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.scan_export import write_scan

    scan = placement.scan(scene, noise())
    image = nib.load(write_scan(scan, tmp_path / "scan.nii"))

    np.testing.assert_array_equal(np.asarray(image.dataobj).T, noise())
    indices = np.argwhere(np.ones(SHAPE))
    np.testing.assert_allclose(
        nib.affines.apply_affine(image.affine, indices[:, ::-1]),
        world_of(placement.world, indices),
        atol=2e-4,
    )
    picked = indices[::97]
    slicer_says = [through_slicer(scan, index) for index in picked]
    np.testing.assert_allclose(world_of(placement.world, picked), slicer_says, atol=1e-3)


def test_simpleitk_reads_the_same_places(scene: Any, tmp_path: Path) -> None:
    import SimpleITK as sitk
    from ICHSegmentationSlicerLib.scan_export import write_scan

    placement = PLACEMENTS["oblique"]
    image = sitk.ReadImage(str(write_scan(placement.scan(scene, noise()), tmp_path / "scan.nii")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), noise())
    indices = np.argwhere(np.ones(SHAPE))[::31]
    lps = [image.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]]) for index in indices]
    np.testing.assert_allclose(np.array(lps) * [-1, -1, 1], world_of(placement.world, indices), atol=1e-3)


def test_the_library_reads_what_was_written_as_the_volume_it_gets_from_memory(
    scene: Any, placement: Placement, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.scan_export import ct_of, write_scan

    scan = placement.scan(scene, noise())
    read, held = read_ct(write_scan(scan, tmp_path / "scan.nii")), ct_of(scan)
    np.testing.assert_array_equal(read.voxels, held.voxels)
    assert read.voxels.dtype == held.voxels.dtype == np.int16
    assert read.grid.same_as(held.grid, tolerance_mm=1e-3)


def test_values_between_whole_hu_are_kept(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.scan_export import write_scan

    voxels = noise().astype(np.float64) + 0.25
    image = nib.load(write_scan(make_scan(scene, voxels=voxels), tmp_path / "scan.nii"))
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, voxels)


def test_a_tilted_scan_has_the_tilt_and_the_volume_of_its_voxels(scene: Any) -> None:
    from ICHSegmentationSlicerLib.scan_export import ct_of

    grid = ct_of(PLACEMENTS["tilted by a grid"].scan(scene, noise())).grid
    assert grid.tilt_degrees == pytest.approx(20, abs=0.01)
    assert grid.voxel_volume_mm3 == pytest.approx(0.5 * 0.5 * 5, rel=1e-5)


def test_slices_read_from_dicom_get_their_distance_from_the_transform(scene: Any) -> None:
    from ICHSegmentationSlicerLib.scan_export import ct_of

    grid = ct_of(PLACEMENTS["tilted as read from DICOM"].scan(scene, noise())).grid
    assert grid.tilt_degrees == pytest.approx(15, abs=0.01)
    assert grid.spacing[0] == pytest.approx(5, abs=1e-3)
    assert grid.slice_distance == pytest.approx(5 * np.cos(np.radians(15)), abs=1e-3)


def test_a_grid_that_works_in_the_other_direction_is_followed_too(scene: Any) -> None:
    from ICHSegmentationSlicerLib.scan_geometry import world_affine

    placement = PLACEMENTS["tilted by a grid"]
    scan = placement.scan(scene, noise())
    transform = scan.GetParentTransformNode()
    transform.Inverse()
    np.testing.assert_allclose(
        world_affine(scan), np.linalg.inv(placement.parent) @ placement.affine, atol=0.02
    )


def test_a_bend_smaller_than_a_tenth_of_a_millimetre_is_taken_as_an_affine(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.scan_geometry import world_affine

    affine = plain_affine(SHAPE)
    transform = make_tilt(scene, affine, SHAPE, [0.0, 0.0, 0.0])
    slicer.util.arrayFromGridTransform(transform)[4, ..., 2] = 0.05
    slicer.util.arrayFromGridTransformModified(transform)
    np.testing.assert_allclose(world_affine(make_scan(scene, affine, noise(), transform)), affine, atol=0.06)


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.scan_export import write_scan

    (tmp_path / "file").write_text("in the way")
    with pytest.raises((NotWritableError, OutputError), match=r"scan\.nii"):
        write_scan(make_scan(scene), tmp_path / "file" / "scan.nii")
