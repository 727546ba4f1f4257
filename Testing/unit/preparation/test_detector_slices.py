"""Slices for the detector: the paper's numbers, and the right slice whatever the storage order."""

import itertools

import numpy as np
import pytest

from ICHSegmentationLib.preparation.detector_slices import MEAN, STD, detector_slices
from ICHSegmentationLib.volume import CTVolume

SHAPE = (6, 40, 40)
"""Canonical: slices, rows, columns."""

AFFINE = np.array([[-5.0, 0, 0, 90], [0, -5.0, 0, 80], [0, 0, 5.0, -30], [0, 0, 0, 1]])
"""Columns to the left, rows to posterior, slices upward."""

TILT = np.deg2rad(15)
OBLIQUE = np.array(
    [[1, 0, 0, 0], [0, np.cos(TILT), -np.sin(TILT), 0], [0, np.sin(TILT), np.cos(TILT), 0], [0, 0, 0, 1]]
)


def stored(canonical, order=(0, 1, 2), flips=(False, False, False), affine=AFFINE):
    """The same head with array axes in another order and direction: canonical axis ``order[n]`` is stored as
    axis ``n``, backward where ``flips[n]``."""
    voxels = canonical.transpose(order)
    ends = np.zeros(3)
    columns = [affine[:3, 2 - axis] for axis in order]
    for n, (axis, flip) in enumerate(zip(order, flips, strict=True)):
        if flip:
            voxels, columns[n] = np.flip(voxels, n), -columns[n]
            ends[axis] = canonical.shape[axis] - 1
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(columns[::-1], axis=1)
    matrix[:3, 3] = affine[:3, :3] @ ends[::-1] + affine[:3, 3]
    return CTVolume(np.ascontiguousarray(voxels), matrix)


def noise(shape=SHAPE):
    return np.random.default_rng(0).integers(-50, 150, shape).astype(np.int16)


STORAGES = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]


def test_air_blood_and_bone_become_the_numbers_worked_out_by_hand():
    hu = np.full((1, 4, 4), -1000, np.int16)
    hu[0, :2, :2], hu[0, 2:, 2:] = 60, 1500
    images = detector_slices(CTVolume(hu, AFFINE), size=4).images
    assert images.shape == (1, 3, 4, 4)
    assert images.dtype == np.float32
    # 60 HU: 60/80 in 0..80, 80/200 in -20..180, 210/380 in -150..230
    for channel, blood in enumerate((0.75, 0.4, 210 / 380)):
        for place, value in (((0, 0), blood), ((3, 3), 1.0), ((0, 3), 0.0)):
            expected = (value - MEAN[channel]) / STD[channel]
            assert images[0, channel][place] == pytest.approx(expected, abs=1e-6)
    assert MEAN == (0.1738, 0.1433, 0.1970)
    assert STD == (0.3161, 0.2850, 0.3111)


def test_a_slice_of_512_becomes_one_of_256_and_a_light_model_may_have_another_size():
    ct = CTVolume(noise((2, 512, 512)), np.diag([-0.5, -0.5, 5, 1]))
    assert detector_slices(ct).images.shape == (2, 3, 256, 256)
    assert detector_slices(ct, size=128).images.shape == (2, 3, 128, 128)


@pytest.mark.parametrize("affine", [AFFINE, OBLIQUE @ AFFINE], ids=["straight", "oblique"])
def test_every_storage_order_shows_the_same_images_and_numbers_its_own_slices(affine):
    canonical = noise()
    expected = detector_slices(stored(canonical, affine=affine), size=40).images
    for order, flips in STORAGES:
        slices = detector_slices(stored(canonical, order, flips, affine), size=40)
        np.testing.assert_array_equal(slices.images, expected)
        numbers = list(range(6))
        assert slices.image_of_slice.tolist() == (numbers[::-1] if flips[order.index(0)] else numbers)


@pytest.mark.parametrize("affine", [AFFINE, OBLIQUE @ AFFINE], ids=["straight", "oblique"])
def test_a_spot_on_an_image_comes_back_to_the_voxel_it_came_from(affine):
    canonical = noise()
    marked = np.zeros(SHAPE, bool)
    marked[4, 30, 7] = True
    for order, flips in STORAGES:
        slices = detector_slices(stored(canonical, order, flips, affine), size=40)
        maps = np.zeros((6, 40, 40), np.float32)
        maps[4, 30, 7] = 1
        back = slices.on_grid(maps)
        place = stored(marked, order, flips, affine).voxels
        np.testing.assert_array_equal(back == 1, place)


def test_slices_thinner_than_the_detector_s_are_averaged_and_each_gets_its_slab_s_value():
    thin = np.repeat(noise((3, 16, 16)), 4, axis=0)[:11]  # slabs of 4, 4 and 3
    affine = np.diag([-1, -1, 1.25, 1])
    slices = detector_slices(CTVolume(thin[::-1], np.diag([-1, -1, -1.25, 1])), size=16)
    assert len(slices.images) == 3
    np.testing.assert_allclose(slices.images, detector_slices(CTVolume(thin, affine), size=16).images)
    values = np.array([[1.0], [2.0], [3.0]])
    assert slices.of_slices(values).ravel().tolist() == [3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1]


def test_a_scan_of_300_slices_and_one_of_a_single_slice_keep_their_numbers():
    many = detector_slices(CTVolume(noise((300, 8, 8)), np.diag([-1, -1, 0.6, 1])), size=8)
    assert many.image_of_slice.tolist() == [n // 8 for n in range(300)]
    single = detector_slices(CTVolume(noise((1, 8, 8)), np.diag([-1, -1, 0.6, 1])), size=8)
    assert single.image_of_slice.tolist() == [0]


@pytest.mark.parametrize("padding", [-3024, -1000, 0])
def test_slices_that_show_nothing_have_no_image_and_the_others_keep_their_numbers(padding):
    hu = noise()
    hu[[0, 1, 5]] = padding
    slices = detector_slices(CTVolume(hu, AFFINE), size=8)
    assert slices.image_of_slice.tolist() == [-1, -1, 0, 1, 2, -1]
    assert slices.of_slices(np.array([7.0, 8.0, 9.0])).tolist() == [0, 0, 7, 8, 9, 0]
    assert np.flatnonzero(slices.on_grid(np.ones((3, 8, 8), np.float32)).any(axis=(1, 2))).tolist() == [
        2,
        3,
        4,
    ]


def test_a_scan_of_nothing_has_no_images():
    slices = detector_slices(CTVolume(np.full(SHAPE, -1000, np.int16), AFFINE), size=8)
    assert slices.images.shape == (0, 3, 8, 8)
    assert slices.of_slices(np.zeros((0, 6))).shape == (6, 6)
    assert not slices.on_grid(np.zeros((0, 8, 8), np.float32)).any()


def test_a_slice_that_is_not_square_is_centred_on_air_and_keeps_its_shape():
    hu = np.full((1, 20, 40), 40, np.int16)
    hu[0, 10, 20] = 41
    slices = detector_slices(CTVolume(hu, np.diag([-2, -2, 5, 1])), size=80)
    brain = slices.images[0, 0] > -MEAN[0] / STD[0]
    assert np.flatnonzero(brain.any(axis=1))[[0, -1]].tolist() == [20, 59]
    assert np.flatnonzero(brain.any(axis=0))[[0, -1]].tolist() == [0, 79]
    # the same 40 mm x 80 mm with rows twice as far apart
    other = detector_slices(CTVolume(hu[:, ::2], np.diag([-2, -4, 5, 1])), size=80)
    assert other.inset == slices.inset
