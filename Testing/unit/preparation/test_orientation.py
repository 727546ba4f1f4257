import itertools

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from ICHSegmentationLib.errors import GridMismatchError
from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import Grid

SHAPE = (3, 4, 5)
VOXELS = np.arange(60, dtype=np.int16).reshape(SHAPE)

ALL_CODES = [
    "".join(side[way] for side, way in zip(order, ways, strict=True))
    for order in itertools.permutations(("RL", "AP", "IS"))
    for ways in itertools.product((0, 1), repeat=3)
]


def rotation(axis, degrees):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * k @ k


def grid_of(linear, shape=SHAPE, origin=(11.0, -7.0, 3.0)):
    affine = np.eye(4)
    affine[:3, :3] = linear
    affine[:3, 3] = origin
    return Grid(shape, affine)


def grid_with_codes(codes, spacing=(0.5, 0.7, 5.0)):
    sides = {"R": [1, 0, 0], "A": [0, 1, 0], "S": [0, 0, 1]}
    sides |= {"L": [-1, 0, 0], "P": [0, -1, 0], "I": [0, 0, -1]}
    return grid_of(np.array([sides[c] for c in codes], float).T * spacing)


def as_sitk(grid, voxels):
    image = sitk.GetImageFromArray(voxels)
    to_lps = np.diag([-1.0, -1.0, 1.0]) @ grid.affine[:3, :3]
    spacing = np.linalg.norm(to_lps, axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((to_lps / spacing).ravel().tolist())
    image.SetOrigin((np.diag([-1.0, -1.0, 1.0]) @ grid.affine[:3, 3]).tolist())
    return image


@pytest.mark.parametrize("codes", ALL_CODES)
def test_every_storage_order_comes_out_as_nibabel_reads_lps(codes):
    grid = grid_with_codes(codes)
    reorientation = Reorientation.of(grid)

    image = nibabel.Nifti1Image(VOXELS.T, grid.affine)
    change = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(grid.affine), nibabel.orientations.axcodes2ornt("LPS")
    )
    expected = image.as_reoriented(change)

    assert nibabel.aff2axcodes(reorientation.grid.affine) == ("L", "P", "S")
    np.testing.assert_array_equal(reorientation.apply(VOXELS), np.asarray(expected.dataobj).T)
    np.testing.assert_allclose(reorientation.grid.affine, expected.affine, atol=1e-9)


@pytest.mark.parametrize("codes", ["RAS", "LPI", "PSR", "ASL", "SRA", "RSP"])
@pytest.mark.parametrize("degrees", [0, 12, 30])
def test_oblique_scans_come_out_as_simpleitk_orients_them(codes, degrees):
    grid = grid_of(rotation((1, 2, -1), degrees) @ grid_with_codes(codes).affine[:3, :3])
    reorientation = Reorientation.of(grid)

    expected = sitk.DICOMOrient(as_sitk(grid, VOXELS), "LPS")

    np.testing.assert_array_equal(reorientation.apply(VOXELS), sitk.GetArrayFromImage(expected))
    mine = as_sitk(reorientation.grid, reorientation.apply(VOXELS))
    np.testing.assert_allclose(mine.GetOrigin(), expected.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(mine.GetDirection(), expected.GetDirection(), atol=1e-6)


def test_a_canonical_scan_stays_as_it_is():
    grid = grid_with_codes("LPS")
    reorientation = Reorientation.of(grid)
    assert reorientation.axes == (0, 1, 2)
    assert reorientation.flipped == (False, False, False)
    assert reorientation.grid.same_as(grid)


def test_a_tilted_gantry_keeps_slices_as_slices():
    sheared = np.array([[-0.5, 0, 0], [0, -0.5, 2.3], [0, 0, 5.0]])
    reorientation = Reorientation.of(grid_of(sheared))
    assert reorientation.axes == (0, 1, 2)
    assert reorientation.grid.tilt_degrees == pytest.approx(np.degrees(np.arctan(2.3 / 5)), abs=1e-6)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_an_axis_halfway_between_two_directions_still_gives_a_permutation(axis):
    reorientation = Reorientation.of(grid_of(rotation(axis, 45)))
    assert sorted(reorientation.axes) == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(
    linear=st.lists(st.floats(-3, 3), min_size=9, max_size=9).map(lambda v: np.reshape(v, (3, 3))),
    index=st.tuples(*[st.integers(0, n - 1) for n in SHAPE]),
)
def test_every_voxel_keeps_its_place_in_the_world(linear, index):
    if abs(np.linalg.det(linear)) < 1e-3:
        return
    grid = grid_of(linear)
    reorientation = Reorientation.of(grid)
    canonical = reorientation.apply(VOXELS)
    place = np.argwhere(canonical == VOXELS[index])[0]
    np.testing.assert_allclose(reorientation.grid.world(place), grid.world(np.array(index)), atol=1e-9)
    np.testing.assert_array_equal(reorientation.undo(canonical), VOXELS)


def test_apply_and_undo_are_views():
    reorientation = Reorientation.of(grid_with_codes("SRA"))
    canonical = reorientation.apply(VOXELS)
    assert np.shares_memory(canonical, VOXELS)
    assert np.shares_memory(reorientation.undo(canonical), VOXELS)


def test_a_mask_drawn_in_canonical_order_lands_on_the_stored_voxels():
    grid = grid_with_codes("PSR")
    reorientation = Reorientation.of(grid)
    mask = reorientation.apply(VOXELS) > 40
    np.testing.assert_array_equal(reorientation.undo(mask), VOXELS > 40)


def test_an_array_from_another_grid_is_refused():
    reorientation = Reorientation.of(grid_with_codes("SRA"))
    with pytest.raises(GridMismatchError, match="shape"):
        reorientation.apply(np.zeros((5, 4, 3)))
    with pytest.raises(GridMismatchError, match="shape"):
        reorientation.undo(np.zeros((1, 4, 3)))
