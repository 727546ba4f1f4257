"""Slices that lie unevenly come to lie where they were scanned."""

import numpy as np
import pytest

from ICHSegmentationLib.preparation.even_slices import EvenSlices
from ICHSegmentationLib.volume import CTVolume, Volume

THIN_MM = 2.5


def numbered(positions_mm):
    """A scan with slices at these places, as a series is read; its voxels hold their slice's number."""
    voxels = np.arange(len(positions_mm), dtype=np.int16)[:, None, None] * np.ones((1, 4, 4), np.int16)
    distance = float(np.median(np.abs(np.diff(positions_mm))))
    affine = np.diag([-1.0, -1.0, distance, 1.0])
    return CTVolume(voxels, affine, slice_positions_mm=np.array(positions_mm, dtype=float))


def test_even_slices_stay_as_they_are():
    ct = CTVolume(numbered(range(6)).voxels, np.diag([-1.0, -1.0, THIN_MM, 1.0]))
    even = EvenSlices.of(ct)
    assert even.ct is ct
    assert even.back(even.laid(ct)) is ct


def test_slices_that_their_affine_places_as_well_stay_as_they_are():
    ct = numbered([0, 5, 10, 14.7, 19.7, 24.7])
    assert EvenSlices.of(ct).ct is ct


@pytest.mark.parametrize("turned", [1, -1])
def test_each_slice_comes_to_lie_where_it_was_scanned_and_back(turned):
    ct = numbered([turned * THIN_MM * n for n in (0, 1, 2, 4, 6, 8)])
    even = EvenSlices.of(ct)
    assert even.ct.grid.slice_distance == pytest.approx(THIN_MM)
    assert even.ct.voxels[:, 0, 0].tolist()[:3] == [0, 1, 2]
    assert even.ct.voxels[[4, 6, 8], 0, 0].tolist() == [3, 4, 5]
    assert len(even.ct.voxels) == 9
    mask = Volume(ct.voxels.astype(np.uint8), ct.affine)
    returned = even.back(even.laid(mask))
    assert np.array_equal(returned.voxels, mask.voxels)
    assert returned.grid.same_as(ct.grid)
    assert even.voxel((5, 1, 2)) == (8, 1, 2)
    assert even.of_slices(np.arange(9)).tolist() == [0, 1, 2, 4, 6, 8]


@pytest.mark.parametrize("positions_mm", [[*range(0, 50, 5), 5000], [0, 0.1, *range(5, 170, 5)]])
def test_a_stray_slice_does_not_fill_the_memory(positions_mm):
    even = EvenSlices.of(numbered(positions_mm))
    assert len(even.ct.voxels) <= 4 * len(positions_mm) + 1
    assert len(even.back(even.ct).voxels) == len(positions_mm)


def test_what_was_found_by_axial_slice_stays_so_where_another_axis_is_uneven():
    sagittal = numbered([0, 5, 10, 30])
    across = np.array([[0, 0, -5, 0], [0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    even = EvenSlices.of(CTVolume(sagittal.voxels, across, slice_positions_mm=sagittal.slice_positions_mm))
    assert even.of_slices(np.arange(4)).tolist() == [0, 1, 2, 3]
