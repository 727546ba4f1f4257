"""NIfTI headers whose sform, qform and pixdim do not agree."""

import nibabel as nib
import numpy as np
import pytest
from io_grids import GRIDS, affine, labels, voxels

from ICHSegmentationLib.errors import GeometryError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import Volume


def save(path, sform, qform, codes=(1, 1), array=None, **header):
    """Write a scan with an sform and a qform of their own; pixdim is the qform's."""
    image = nib.Nifti1Image((voxels() if array is None else array).T, None)
    image.header.set_qform(qform, codes[1], strip_shears=True)
    image.header["sform_code"] = codes[0]
    for row, name in zip(sform, ("srow_x", "srow_y", "srow_z"), strict=False):
        image.header[name] = row
    for name, value in header.items():
        image.header[name] = value
    nib.save(image, path)
    return path


def halved(grid):
    return grid @ np.diag([1, 1, 0.5, 1])


@pytest.mark.parametrize("name", ["LPS", "oblique", "tilted"])
def test_an_sform_of_other_voxels_than_pixdim_is_refused_with_both_sizes(tmp_path, name):
    grid = GRIDS[name]
    with pytest.raises(GeometryError, match=r"0\.45 x 0\.5 x 2\.\d+ mm .* and 0\.45 x 0\.5 x 5") as caught:
        read_ct(save(tmp_path / "ct.nii.gz", halved(grid), grid))
    assert "save the scan again" in caught.value.hint


def test_a_mask_of_two_sizes_is_refused_too(tmp_path):
    grid = GRIDS["LPS"]
    with pytest.raises(GeometryError, match="one size"):
        read_mask(save(tmp_path / "mask.nii", halved(grid), grid, array=labels()))


@pytest.mark.parametrize("name", ["LPS", "oblique"])
def test_sizes_that_differ_by_rounding_are_one(tmp_path, name):
    ct = read_ct(save(tmp_path / "ct.nii", GRIDS[name] @ np.diag([1.005, 1, 0.995, 1]), GRIDS[name]))
    assert ct.warnings == ()


@pytest.mark.parametrize("as_distance", [True, False])
def test_pixdim_of_a_tilted_scan_may_be_the_step_or_the_distance_between_slices(tmp_path, as_distance):
    sheared = GRIDS["tilted"]
    step = 5.0 if as_distance else float(np.linalg.norm(sheared[:3, 2]))
    straight = affine(np.diag([-1, -1, 1]), spacing=(0.45, 0.5, step), origin=sheared[:3, 3])
    ct = read_ct(save(tmp_path / "ct.nii.gz", sheared, straight))
    assert ct.grid.voxel_volume_mm3 == pytest.approx(0.45 * 0.5 * 5)
    (warning,) = ct.warnings
    assert "in two ways" in warning


def test_a_pixdim_that_no_qform_uses_is_told_where_it_is_of_another_size(tmp_path):
    grid = GRIDS["oblique"]
    ct = read_ct(save(tmp_path / "ct.nii", halved(grid), grid, codes=(1, 0)))
    assert ct.grid.slice_distance == pytest.approx(2.5)
    (warning,) = ct.warnings
    assert "0.45 x 0.5 x 2.5 mm by its sform" in warning
    assert "0.45 x 0.5 x 5 mm by its pixdim" in warning


def test_a_pixdim_of_zeros_says_nothing(tmp_path):
    grid = GRIDS["LPS"]
    path = save(tmp_path / "ct.nii", grid, grid, codes=(1, 0))
    content = bytearray(path.read_bytes())
    content[80:92] = bytes(12)  # pixdim
    path.write_bytes(bytes(content))
    assert read_ct(path).warnings == ()


def test_a_qform_of_another_place_is_told_with_how_far_that_is(tmp_path):
    grid, moved = GRIDS["LPS"], GRIDS["LPS"].copy()
    moved[2, 3] += 12
    ct = read_ct(save(tmp_path / "ct.nii", grid, moved))
    np.testing.assert_allclose(ct.affine, grid, atol=1e-5)
    assert ct.warnings == (
        "The NIfTI header places the scan in two ways, up to 12 mm apart: its sform is followed, other "
        "programs may follow its qform.",
    )
    moved[2, 3] -= 11  # less than a slice
    assert read_ct(save(tmp_path / "ct.nii", grid, moved)).warnings == ()


def test_a_damaged_qform_beside_a_sound_sform_does_no_harm(tmp_path):
    grid = GRIDS["LPS"]
    ct = read_ct(save(tmp_path / "ct.nii", grid, grid, quatern_b=3.0))
    assert ct.warnings == ()


@pytest.mark.parametrize("name", GRIDS)
def test_what_is_written_here_agrees(tmp_path, name):
    write_mask(Volume(labels(), GRIDS[name]), tmp_path / "mask.nii.gz")
    ct = read_ct(tmp_path / "mask.nii.gz")
    assert ct.warnings == ()
