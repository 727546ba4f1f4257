"""Masks of scans whose slices lie unevenly, as programs write them that know of even slices only."""

import numpy as np
import pytest
from io_grids import GRIDS, SHAPE, labels

from ICHSegmentationLib.errors import GridMismatchError
from ICHSegmentationLib.io import read_mask, write_mask
from ICHSegmentationLib.volume import CTVolume, Volume

STEPS = np.array([0, 1, 2, 3, 6.4])
MEAN_STEP = 1.6


def uneven_ct(affine):
    distance = Volume(np.zeros(SHAPE), affine).grid.slice_distance
    return CTVolume(np.zeros(SHAPE, np.int16), affine, slice_positions_mm=STEPS * distance)


def written(path, affine, step, voxels=None):
    """A mask whose slices lie ``step`` times as far apart as the affine has them."""
    stretched = affine.copy()
    stretched[:3, 2] *= step
    write_mask(Volume(labels() if voxels is None else voxels, stretched), path)
    return path


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd"])
def test_slices_at_their_mean_distance_are_taken_for_the_cts_own_with_a_warning(tmp_path, grid, name):
    ct = uneven_ct(GRIDS[grid])
    mask = read_mask(written(tmp_path / name, GRIDS[grid], MEAN_STEP), ct)
    np.testing.assert_array_equal(mask.voxels, labels())
    np.testing.assert_array_equal(mask.affine, ct.affine)
    assert ["copy whose transform was hardened" in warning for warning in mask.warnings] == [True]


def test_slices_at_the_cts_own_distance_need_no_warning(tmp_path):
    mask = read_mask(written(tmp_path / "mask.nrrd", GRIDS["LPS"], 1), uneven_ct(GRIDS["LPS"]))
    np.testing.assert_array_equal(mask.voxels, labels())
    assert mask.warnings == ()


@pytest.mark.parametrize("step", [1.3, MEAN_STEP])
def test_other_masks_are_refused_without_the_advice_to_resample_them(tmp_path, step):
    voxels = labels()[1:] if step == MEAN_STEP else labels()
    path = written(tmp_path / "mask.nrrd", GRIDS["LPS"], step, voxels)
    with pytest.raises(GridMismatchError) as refused:
        read_mask(path, uneven_ct(GRIDS["LPS"]))
    assert "unevenly spaced" in refused.value.hint
    assert "Resample" not in refused.value.hint


def test_of_an_even_ct_slices_at_another_distance_are_refused(tmp_path):
    ct = CTVolume(np.zeros(SHAPE, np.int16), GRIDS["LPS"])
    with pytest.raises(GridMismatchError, match="Resample the mask"):
        read_mask(written(tmp_path / "mask.nrrd", GRIDS["LPS"], MEAN_STEP), ct)
