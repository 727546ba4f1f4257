"""Slices that lie unevenly come to lie where they were scanned."""

import numpy as np
import pytest
from moved_heads import LPS, distance, first_scan, motion, rescanned

from ICHSegmentationLib.comparison import compare
from ICHSegmentationLib.comparison.even_slices import with_even_slices
from ICHSegmentationLib.volume import CTVolume, Volume

THIN_MM = 2.5


def uneven(ct, mask, kept):
    """The scan with these of its slices only, as its DICOM series is read."""
    positions = np.array(kept) * THIN_MM
    affine = np.array(ct.affine)
    affine[:3, 2] *= np.median(np.diff(positions)) / THIN_MM
    voxels = ct.voxels[kept], mask.voxels[kept]
    return CTVolume(voxels[0], affine, slice_positions_mm=positions), Volume(voxels[1], affine)


def numbered(count):
    """A scan and mask whose slices hold their own number."""
    voxels = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    affine = np.diag([-1.0, -1.0, THIN_MM, 1.0])
    return CTVolume(voxels.astype(np.int16), affine), Volume(voxels, affine)


def test_even_slices_stay_as_they_are():
    ct, mask = numbered(6)
    assert with_even_slices(ct, mask) == (ct, mask)


def test_each_slice_comes_to_lie_where_it_was_scanned():
    ct, mask = with_even_slices(*uneven(*numbered(9), [0, 1, 2, 4, 6, 8]))
    for volume in (ct, mask):
        assert volume.voxels[[0, 1, 2, 4, 6, 8], 0, 0].tolist() == [0, 1, 2, 4, 6, 8]
        assert volume.grid.slice_distance == pytest.approx(THIN_MM)
        assert len(volume.voxels) == 9


def test_positions_that_fall_count_from_the_first_slice():
    ct, mask = uneven(*numbered(9), [0, 1, 2, 4, 6, 8])
    falling = CTVolume(ct.voxels, ct.affine, slice_positions_mm=100 - ct.slice_positions_mm)
    assert np.array_equal(with_even_slices(falling, mask)[0].voxels, with_even_slices(ct, mask)[0].voxels)


def test_a_head_with_thin_slices_below_and_thick_ones_above_is_found():
    phantom = first_scan()
    moved = motion(phantom.ct, (5, -4, 8), (6, -4, 5))
    second = rescanned((phantom.ct, phantom.mask), moved, LPS, (60, 112, 100), (2.2, 2.0, THIN_MM))
    result = compare(phantom.ct, phantom.mask, *uneven(*second, [*range(24), *range(24, 60, 2)]))
    angle, far = distance(result.registration.second_to_first, moved, phantom.ct)
    assert result.registration.trusted
    assert angle < 1.0
    assert far < 2.0
    assert not any("does not reach" in warning or "do not fit" in warning for warning in result.warnings)
