"""The lesion that one click removes is one lesion of the table."""

import numpy as np
import pytest

from ICHSegmentationLib.correction import lesion_at, lesion_centred
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import CTVolume


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


@pytest.mark.parametrize("positions_mm", [None, np.array([0, 5, 10, 20, 25, 32.0])])
def test_its_volume_is_that_of_the_lesion_in_the_table(mask, positions_mm):
    scan = CTVolume(mask, np.diag([0.5, 0.5, 5, 1.0]), slice_positions_mm=positions_mm)
    in_table = {
        round(lesion.volume_ml, 9) for lesion in measure(scan, slice_positions_mm=positions_mm).lesions
    }
    for seed in ((3, 6, 6), (1, 7, 3), (2, 13, 13)):
        assert round(lesion_at(mask, seed).volume_ml(scan), 9) in in_table


@pytest.mark.parametrize("seed", [(0, 0, 0), (6, 0, 0), (-1, 3, 3)])
def test_a_click_beside_every_lesion_is_answered_with_a_sentence(mask, seed):
    with pytest.raises(InputError):
        lesion_at(mask, seed)


def test_a_row_of_three_voxels_with_a_gap_is_two_lesions():
    voxels = np.array([[[2], [0], [2]]], np.uint8)
    assert np.count_nonzero(lesion_at(voxels, (0, 0, 0)).inside) == 1


def test_the_lesion_of_a_centroid_is_found_though_another_lesion_lies_there():
    mask = np.zeros((3, 30, 30), np.uint8)
    mask[1, 5:25, 5:25] = 2
    mask[1, 7:23, 7:23] = 0  # a ring, around
    mask[1, 14:16, 16:18] = 2  # a small one, nearly at the ring's middle
    ring, small = (lesion_centred(mask, 2, centre) for centre in ((1, 14.5, 14.5), (1, 14.5, 16.5)))
    assert np.count_nonzero(ring.inside) == 400 - 256
    assert small.box == (slice(1, 2), slice(14, 16), slice(16, 18))


def test_a_label_that_is_gone_is_told(mask):
    with pytest.raises(InputError, match="not marked any more"):
        lesion_centred(mask, 6, (1, 3, 3))
