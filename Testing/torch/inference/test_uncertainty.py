"""Where the cascade was unsure: the map, piece by piece, and what was left out."""

import numpy as np
import pytest

from ICHSegmentationLib.inference.network_grid import NetworkGrid
from ICHSegmentationLib.inference.probability import Probability
from ICHSegmentationLib.inference.regions import Region
from ICHSegmentationLib.inference.uncertainty import coarse_uncertainty, left_out_ml, uncertainty

GRID = NetworkGrid((11, 20, 16), 3, (4, 10, 8))


def probability(seed=0):
    values = np.random.default_rng(seed).random(GRID.shape, np.float32)
    return Probability(values, GRID)


def test_even_chances_are_100_and_certainty_is_0():
    of = np.array([[[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]]], np.float32)
    assert uncertainty(of).tolist() == [[[0, 20, 50, 100, 50, 20, 0]]]
    assert uncertainty(of).dtype == np.uint8


def test_some_slices_come_back_as_they_do_with_all_the_others():
    values = probability().values
    whole = GRID.back(values)
    for first, last in ((0, 3), (2, 5), (9, 11), (4, 5), (0, 11)):
        np.testing.assert_array_equal(GRID.back(values, slice(first, last)), whole[first:last])


@pytest.mark.parametrize("slab", [1, 3])
def test_slab_by_slab_is_the_same_as_all_at_once(slab):
    grid = NetworkGrid((11, 20, 16), slab, (-(-11 // slab), 10, 8))
    values = np.random.default_rng(1).random(grid.shape, np.float32)
    np.testing.assert_array_equal(
        coarse_uncertainty(Probability(values, grid)), uncertainty(grid.back(values))
    )


def test_slices_without_any_suspicion_stay_0():
    values = np.zeros(GRID.shape, np.float32)
    values[3] = 0.5
    found = coarse_uncertainty(Probability(values, GRID))
    assert not found[:6].any()
    assert found[10].min() == 100


def test_the_largest_region_that_nobody_looked_at_is_told():
    values = np.zeros(GRID.shape, np.float32)
    values[0, :3, :2] = 0.3  # 6 voxels
    values[2:, :4, :5] = 0.3  # 40 voxels, within the refined region
    values[0, 8:, 6:] = 0.3  # 4 voxels
    values[0, 5, 5] = 0.1  # too faint
    region = Region((slice(1, 4), slice(0, 10), slice(0, 8)), (slice(0, 11), slice(0, 20), slice(0, 16)))
    # A voxel of the network's grid is 11/4 x 2 x 2 of the scan's, 10 mm3 each.
    assert left_out_ml(Probability(values, GRID), [region], 0.2, 10.0) == pytest.approx(6 * 11 * 10 / 1000)


def test_nothing_left_out_is_0_ml():
    assert left_out_ml(Probability(np.zeros(GRID.shape, np.float32), GRID), [], 0.2, 10.0) == 0.0
