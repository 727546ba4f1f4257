"""Unevenly spaced slices in a NIfTI file, which tells of them in a comment."""

import nibabel as nib
import numpy as np
import pytest

from ICHSegmentationLib.errors import GeometryError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.io.nifti_slices import extension_bytes
from ICHSegmentationLib.volume import Volume

POSITIONS_MM = np.array([0.0, 2.5, 5.0, 10.0, 0.1 + 15.0])
AFFINE = np.diag([-0.5, -0.5, 5.0, 1.0])
VOXELS = np.arange(5 * 4 * 3, dtype=np.int16).reshape(5, 4, 3)


def saved(path, extension):
    """An image of nibabel's with the bytes of an extension behind its header."""
    content = nib.Nifti1Image(VOXELS.T, AFFINE).to_bytes()
    header = bytearray(content[:348])
    header[108:112] = np.float32(348 + len(extension)).tobytes()
    path.write_bytes(bytes(header) + extension + content[352:])
    return path


def noted(path, text):
    image = nib.Nifti1Image(VOXELS.T, AFFINE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension(6, text))
    nib.save(image, path)
    return path


def test_the_positions_come_back_exactly_with_voxels_and_a_warning(tmp_path):
    ct = read_ct(saved(tmp_path / "ct.nii", extension_bytes(POSITIONS_MM)))
    np.testing.assert_array_equal(ct.slice_positions_mm, POSITIONS_MM)
    np.testing.assert_array_equal(ct.voxels, VOXELS)
    np.testing.assert_allclose(ct.affine, AFFINE)
    assert ["unevenly spaced, 2.5 to 5.1 mm" in warning for warning in ct.warnings] == [True]


def test_a_missing_slice_is_told_as_of_a_dicom_series(tmp_path):
    ct = read_ct(saved(tmp_path / "ct.nii", extension_bytes(np.array([0.0, 5, 10, 20, 25]))))
    assert [warning[:18] for warning in ct.warnings] == ["1 slice is missing"]


def test_even_slices_need_no_comment(tmp_path):
    path = saved(tmp_path / "ct.nii", extension_bytes(None))
    assert path.read_bytes() == nib.Nifti1Image(VOXELS.T, AFFINE).to_bytes()
    assert read_ct(path).slice_positions_mm is None


def test_nibabel_finds_the_comment_and_the_voxels_behind_it(tmp_path):
    image = nib.load(saved(tmp_path / "ct.nii", extension_bytes(POSITIONS_MM)))
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, VOXELS)
    assert [extension.get_code() for extension in image.header.extensions] == [6]


@pytest.mark.parametrize("text", [b"", b"AFNI 1 2 3", b"\xff\xfe"])
def test_comments_of_other_programs_are_passed_over(tmp_path, text):
    ct = read_ct(noted(tmp_path / "ct.nii.gz", text))
    assert ct.slice_positions_mm is None
    assert ct.warnings == ()


@pytest.mark.parametrize(
    "numbers", ["", "0 1 2 3", "0 1 2 4 3", "0 1 2 3 nan", "0 1 2 3 four", "1 2 3 4 5", "0 1 2 3 inf", "\xff"]
)
def test_positions_that_cannot_be_those_of_the_slices_are_refused(tmp_path, numbers):
    path = noted(tmp_path / "ct.nii", f"ICHSegmentation slice positions, mm: {numbers}".encode())
    with pytest.raises(GeometryError, match="5 slice positions that rise from 0"):
        read_ct(path)


def test_a_mask_for_such_a_scan_lies_on_its_grid(tmp_path):
    ct = read_ct(saved(tmp_path / "ct.nii", extension_bytes(POSITIONS_MM)))
    mask = Volume((VOXELS > 20).astype(np.uint8), ct.affine)
    write_mask(mask, tmp_path / "mask.nii.gz", ct)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii.gz", ct).voxels, mask.voxels)
