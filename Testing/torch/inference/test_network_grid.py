import numpy as np
import pytest

from ICHSegmentationLib.inference.network_grid import NetworkGrid, resized


def test_a_grid_near_the_networks_own_leaves_the_scan_as_it_is():
    hu = np.random.default_rng(0).integers(-20, 101, (6, 32, 32)).astype(np.int16)
    grid = NetworkGrid.of(hu.shape, (5.0, 0.45, 0.45), (5.0, 0.45, 0.45))
    image = grid.image(hu, [(40.0, 120.0)])
    assert image.shape == (1, 1, 6, 32, 32)
    np.testing.assert_allclose(image[0, 0] * 60 + 40, hu, atol=1e-4)


def test_each_window_is_a_channel_from_minus_one_to_one():
    hu = np.array([[[-1000, 0, 40, 80, 1000]]], np.int16)
    image = NetworkGrid.of(hu.shape, (5, 1, 1), (5, 1, 1)).image(hu, [(40, 80), (0, 2000)])
    np.testing.assert_allclose(image[0, 0, 0, 0], [-1, -1, 0, 1, 1])
    np.testing.assert_allclose(image[0, 1, 0, 0], [-1, 0, 0.04, 0.08, 1], atol=1e-6)


def test_thin_slices_are_averaged_to_the_networks_thickness():
    hu = np.repeat(np.arange(20, dtype=np.int16), 1)[:, None, None] * np.ones((1, 4, 4), np.int16)
    grid = NetworkGrid.of(hu.shape, (1.25, 1, 1), (5.0, 1, 1))
    assert grid.slab == 4
    assert grid.shape == (5, 4, 4)
    image = grid.image(hu, [(40.0, 120.0)])[0, 0, :, 0, 0] * 60 + 40
    np.testing.assert_allclose(image, [1.5, 5.5, 9.5, 13.5, 17.5], atol=1e-4)


def test_bone_in_a_part_of_the_slices_makes_a_slab_white_not_the_density_of_blood():
    hu = np.array([30, 1000, 30, 30], np.int16)[:, None, None] * np.ones((1, 4, 4), np.int16)
    image = NetworkGrid.of(hu.shape, (1.25, 1, 1), (5.0, 1, 1)).image(hu, [(40.0, 120.0)])
    np.testing.assert_array_equal(image, 1)  # 272 HU, as one slice of 5 mm would show; not 47 HU


def test_padding_and_metal_weigh_no_more_than_air_and_dense_bone():
    hu = np.array([-3024, 1040], np.int16)[:, None, None] * np.ones((1, 2, 2), np.int16)
    image = NetworkGrid.of(hu.shape, (2.5, 1, 1), (5.0, 1, 1)).image(hu, [(0.0, 100.0)])
    np.testing.assert_array_equal(image, 0)


def test_a_last_slab_that_is_not_full_averages_what_there_is():
    hu = np.arange(5, dtype=np.int16)[:, None, None] * np.ones((1, 2, 2), np.int16)
    grid = NetworkGrid.of(hu.shape, (2.5, 1, 1), (5.0, 1, 1))
    np.testing.assert_allclose(grid.image(hu, [(0, 100)])[0, 0, :, 0, 0] * 50, [0.5, 2.5, 4.0], atol=1e-5)


def test_slices_thicker_than_the_networks_stay():
    assert NetworkGrid.of((12, 8, 8), (10.0, 1, 1), (5.0, 1, 1)).shape == (12, 8, 8)


@pytest.mark.parametrize("spacing", [(5.0, 0.35, 0.35), (5.0, 0.6, 0.5), (0.5, 0.5, 0.5), (2.5, 0.9, 0.3)])
def test_a_ball_comes_back_in_its_place_and_size(spacing):
    shape = tuple(int(n / mm) for n, mm in zip((60, 60, 60), spacing, strict=True))
    z, y, x = (
        (np.arange(n) + 0.5) * mm - centre for n, mm, centre in zip(shape, spacing, (31, 27, 34), strict=True)
    )
    ball = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 < 15**2
    grid = NetworkGrid.of(shape, spacing, (5.0, 0.45, 0.45))
    back = grid.back(grid.image(ball.astype(np.float32), [(0.5, 1.0)])[0, 0])
    again = back > 0
    overlap = 2 * (again & ball).sum() / (again.sum() + ball.sum())
    assert overlap > (0.97 if spacing[0] >= 5 else 0.93)
    assert abs(again.sum() / ball.sum() - 1) < 0.03
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        centres = [np.average(np.arange(shape[axis]), weights=mask.sum(others)) for mask in (ball, again)]
        assert abs(centres[0] - centres[1]) * spacing[axis] < 0.6


def test_back_interpolates_between_slab_centres():
    grid = NetworkGrid((4, 1, 1), 2, (2, 1, 1))
    values = np.array([0.0, 1.0], np.float32).reshape(2, 1, 1)
    np.testing.assert_allclose(grid.back(values)[:, 0, 0], [0.0, 0.25, 0.75, 1.0], atol=1e-6)


@pytest.mark.parametrize("shape", [(24, 31), (90, 100), (24, 90), (41, 20), (41, 53)])
def test_a_slice_is_resized_as_pytorch_resizes_it(shape):
    torch = pytest.importorskip("torch")
    plane = np.random.default_rng(0).random((41, 53), np.float32)
    shrinks = shape[0] < 41 or shape[1] < 53
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(plane)[None, None], shape, mode="bilinear", align_corners=False, antialias=shrinks
    )
    np.testing.assert_allclose(resized(plane, shape), expected[0, 0], atol=1e-5)
