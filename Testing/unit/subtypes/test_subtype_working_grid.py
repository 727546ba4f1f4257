"""The upright grid of 2 mm on which every stored order of a scan looks alike."""

import numpy as np
import pytest
from scipy import ndimage

from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.subtypes.lesion_cubes import Lesions, fullest
from ICHSegmentationLib.subtypes.working_grid import STEP_MM, WorkingGrid, block_means
from ICHSegmentationLib.volume import Grid, Volume


def turned(degrees: float) -> np.ndarray:
    """A rotation around an askew axis, about this large."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return about_z @ about_x


def stored_grid(degrees: float = 0.0, spacing: tuple[float, float, float] = (1.0, 0.7, 0.7)) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = turned(degrees) @ np.diag([-spacing[2], -spacing[1], spacing[0]])
    affine[:3, 3] = (30, 28, -20)
    return Grid((44, 80, 90), affine)


def working(grid: Grid, steps=(2, 3, 3), shape=(14, 18, 20)) -> WorkingGrid:
    middle = grid.world((np.array(grid.shape) - 1) / 2)
    half = (np.array(shape)[::-1] - 1) / 2 * STEP_MM
    return WorkingGrid(Reorientation.of(grid), steps, middle + half * (1, 1, -1), shape)


@pytest.mark.parametrize("degrees", [0.0, 17.0])
def test_a_cube_shows_what_lies_at_its_place_in_the_patient(degrees):
    grid = stored_grid(degrees)
    places = grid.world(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1))
    ramp = places @ (1.0, 2.0, -3.0)
    cubes = working(grid)
    found = cubes.resampled(block_means(cubes.order.apply(ramp), cubes.steps), outside=0.0)
    k, r, c = np.meshgrid(*map(np.arange, cubes.shape), indexing="ij")
    expected = np.stack([-c, -r, k], axis=-1) * STEP_MM + cubes.origin
    assert np.allclose(found, expected @ (1.0, 2.0, -3.0), atol=1e-3)


def test_the_quick_way_along_the_axes_gives_what_scipy_gives():
    cubes = working(stored_grid())
    noise = np.random.default_rng(0).normal(size=(22, 27, 30))
    matrix, offset = cubes._into_blocks((0, 0, 0))
    wide = WorkingGrid(cubes.order, cubes.steps, cubes.origin, (40, 40, 40))  # also beyond the blocks
    slow = ndimage.affine_transform(
        noise, matrix, offset, wide.shape, order=1, cval=7.0, mode="grid-constant"
    )
    assert np.allclose(wide.resampled(noise, outside=7.0), slow, atol=1e-4)
    assert np.any(slow == 7.0)


def test_blocks_at_the_end_are_means_of_what_is_there():
    means = block_means(np.arange(10.0).reshape(1, 2, 5), (1, 2, 2))
    assert np.allclose(means, [[[3.0, 5.0, 6.5]]])


@pytest.mark.parametrize("degrees", [0.0, 17.0])
def test_a_lesion_keeps_its_volume_and_its_place_on_the_cubes(degrees):
    grid = stored_grid(degrees)
    places = grid.world(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1))
    centre = grid.world((np.array(grid.shape) - 1) / 2) + np.array([2, -3, 1])
    ball = np.linalg.norm(places - centre, axis=-1) < 9.0
    cubes = working(grid)
    (lesion,) = Lesions.of(Volume(ball.astype(np.uint8), grid.affine), cubes).at_least(0.1)
    assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi * 9**3 / 1000, rel=0.02)
    assert lesion.part.sum() * STEP_MM**3 / 1000 == pytest.approx(lesion.volume_ml, rel=0.01)
    k, r, c = (np.argwhere(lesion.part) + lesion.first).mean(axis=0)
    assert np.allclose(np.array([-c, -r, k]) * STEP_MM + cubes.origin, centre, atol=0.3)


def test_a_sheet_thinner_than_a_cube_keeps_its_volume():
    voxels = np.zeros((44, 80, 90), np.uint8)
    voxels[20:24, 20:60, 45] = 1  # 0.7 mm thick
    cubes = working(stored_grid())
    (lesion,) = Lesions.of(Volume(voxels, stored_grid().affine), cubes).at_least(0.0)
    assert lesion.part.sum() == max(1, round(lesion.volume_ml * 1000 / STEP_MM**3))
    assert fullest(np.array([[[0.1, 0.4, 0.3]]], np.float32), 2).tolist() == [[[False, True, True]]]


def test_a_voxel_of_the_stored_array_knows_its_lesion_however_it_is_stored():
    voxels = np.zeros((6, 20, 20), np.uint8)
    voxels[1:3, 2:5, 3:6] = 1
    voxels[4, 15:18, 12:16] = 1
    affine = np.diag([2.0, -2.0, -5.0, 1.0])  # columns to the left are flipped, and so are the slices
    grid = Grid((6, 20, 20), affine)
    cubes = WorkingGrid(Reorientation.of(grid), (1, 1, 1), np.array([40.0, 2.0, -28.0]), (18, 24, 24))
    lesions = Lesions.of(Volume(voxels, affine), cubes)
    assert {lesions.number_at((1, 2, 3)), lesions.number_at((4, 16, 14))} == {1, 2}
    assert lesions.number_at((2, 4, 5)) == lesions.number_at((1, 2, 3))
    assert lesions.number_at((0, 0, 0)) == 0
    areas = [lesions.areas_by_slice(lesion).tolist() for lesion in lesions.at_least(0.0)]
    assert sorted(areas) == [[0, 0, 0, 0, 12, 0], [0, 9, 9, 0, 0, 0]]
