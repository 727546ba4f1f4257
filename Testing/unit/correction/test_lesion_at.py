"""The lesion that one click removes is one lesion of the table."""

import numpy as np
import pytest

from ICHSegmentationLib.correction import lesion_at
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Grid, Volume


@pytest.fixture
def mask():
    voxels = np.zeros((6, 20, 20), np.uint8)
    voxels[1:3, 2:6, 2:6] = 2
    voxels[3, 6, 6] = 2  # joined by a corner, on another slice
    voxels[1:3, 6:9, 2:6] = 4  # touches, with another label
    voxels[1:3, 12:15, 12:15] = 2  # apart
    return voxels


def test_it_holds_all_connected_voxels_of_the_label_and_no_other(mask):
    piece = lesion_at(mask, (1, 3, 3))
    full = np.zeros(mask.shape, bool)
    full[piece.box] = piece.inside
    expected = np.zeros(mask.shape, bool)
    expected[1:3, 2:6, 2:6] = expected[3, 6, 6] = True
    assert np.array_equal(full, expected)


def test_its_volume_is_that_of_the_lesion_in_the_table(mask):
    affine = np.diag([0.5, 0.5, 5, 1.0])
    in_table = {round(lesion.volume_ml, 9) for lesion in measure(Volume(mask, affine)).lesions}
    for seed in ((3, 6, 6), (1, 7, 3), (2, 13, 13)):
        assert round(lesion_at(mask, seed).volume_ml(Grid(mask.shape, affine)), 9) in in_table


@pytest.mark.parametrize("seed", [(0, 0, 0), (6, 0, 0), (-1, 3, 3)])
def test_a_click_beside_every_lesion_is_answered_with_a_sentence(mask, seed):
    with pytest.raises(InputError):
        lesion_at(mask, seed)


def test_a_row_of_three_voxels_with_a_gap_is_two_lesions():
    voxels = np.array([[[2], [0], [2]]], np.uint8)
    assert np.count_nonzero(lesion_at(voxels, (0, 0, 0)).inside) == 1
