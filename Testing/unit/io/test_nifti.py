import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from io_grids import GRIDS, RAS_LPS, RIGID_GRIDS, SHAPE, SHEARED_GRIDS, affine, labels, voxels

from ICHSegmentationLib.errors import (
    GeometryError,
    InputError,
    NotAnImageError,
    NotHounsfieldError,
    NotThreeDimensionalError,
)
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import CTVolume, Volume


def save(path, array, grid=GRIDS["oblique"], image=nib.Nifti1Image, **header):
    """Write ``[D, H, W, ...]`` with nibabel, as another program would have."""
    file = image(np.moveaxis(array, (0, 1, 2), (2, 1, 0)), grid)
    for name, value in header.items():
        file.header[name] = value
    nib.save(file, path)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("name", GRIDS)
def test_voxels_and_affine_are_those_of_the_file_in_its_own_order(tmp_path, name, suffix):
    ct = read_ct(save(tmp_path / f"ct{suffix}", voxels(), GRIDS[name]))
    assert ct.voxels.dtype == np.int16
    np.testing.assert_array_equal(ct.voxels, voxels())
    np.testing.assert_allclose(ct.affine, GRIDS[name], rtol=1e-6, atol=1e-5)
    assert ct.warnings == ()


@pytest.mark.parametrize("name", RIGID_GRIDS)
def test_simpleitk_sees_the_same_voxels_at_the_same_places(tmp_path, name):
    path = save(tmp_path / "ct.nii.gz", voxels(), RIGID_GRIDS[name])
    ct, image = read_ct(path), sitk.ReadImage(str(path))
    np.testing.assert_array_equal(ct.voxels, sitk.GetArrayFromImage(image))
    for index in [(0, 0, 0), (4, 5, 6), (2, 0, 6)]:
        place = image.TransformIndexToPhysicalPoint(index[::-1])
        np.testing.assert_allclose(ct.grid.world(np.array(index)), np.diag(RAS_LPS)[:3] * place, atol=1e-3)


def test_the_files_scale_and_offset_are_applied(tmp_path):
    path = save(tmp_path / "ct.nii.gz", (voxels() + 1024).astype(np.uint16))
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[112:120] = np.array([1, -1024], "<f4").tobytes()  # scl_slope and scl_inter in the header
    path.write_bytes(gzip.compress(bytes(content)))
    ct = read_ct(path)
    np.testing.assert_array_equal(ct.voxels, nib.load(path).get_fdata().T)
    np.testing.assert_array_equal(ct.voxels, voxels())
    assert ct.voxels.dtype == np.int16


@pytest.mark.parametrize("dtype", [">i2", "<f8", "<i4", ">f4"])
def test_any_number_type_and_byte_order_is_read(tmp_path, dtype):
    image = nib.Nifti1Image(voxels().T.astype(dtype), GRIDS["LPS"], nib.Nifti1Header(endianness=dtype[0]))
    image.set_data_dtype(dtype)
    nib.save(image, tmp_path / "ct.nii")
    ct = read_ct(tmp_path / "ct.nii")
    np.testing.assert_array_equal(ct.voxels, voxels())
    assert ct.voxels.dtype == np.dtype("=i2")


def test_nifti_2_is_read(tmp_path):
    ct = read_ct(save(tmp_path / "ct.nii.gz", voxels(), image=nib.Nifti2Image))
    np.testing.assert_array_equal(ct.voxels, voxels())


@pytest.mark.parametrize("name", ["Up.Nii", "d.Nii.gz", "e.nii.GZ", "F.NII.Gz"])
@pytest.mark.parametrize("image", [nib.Nifti1Image, nib.Nifti2Image])
def test_the_ending_may_be_in_upper_and_lower_case(tmp_path, name, image):
    ending = ".nii.gz" if name.lower().endswith(".gz") else ".nii"
    path = save(tmp_path / f"ct{ending}", voxels(), image=image).rename(tmp_path / name)
    np.testing.assert_array_equal(read_ct(path).voxels, voxels())


def test_a_fourth_axis_of_length_one_is_dropped(tmp_path):
    ct = read_ct(save(tmp_path / "ct.nii.gz", voxels()[..., np.newaxis]))
    np.testing.assert_array_equal(ct.voxels, voxels())


def test_a_single_slice_is_a_volume(tmp_path):
    assert read_ct(save(tmp_path / "ct.nii.gz", voxels((1, 6, 7)))).voxels.shape == (1, 6, 7)


def test_several_volumes_are_refused(tmp_path):
    with pytest.raises(NotThreeDimensionalError, match="several"):
        read_ct(save(tmp_path / "ct.nii.gz", np.zeros((5, 6, 7, 2), np.int16)))


def test_a_flat_image_is_refused(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((7, 6), np.int16), np.eye(4)), tmp_path / "ct.nii.gz")
    with pytest.raises(NotThreeDimensionalError, match="flat"):
        read_ct(tmp_path / "ct.nii.gz")


def test_colours_are_refused(tmp_path):
    colours = np.zeros(SHAPE[::-1], np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / "ct.nii.gz")
    with pytest.raises(NotHounsfieldError, match="colours"):
        read_ct(tmp_path / "ct.nii.gz")


def test_the_qform_counts_where_there_is_no_sform(tmp_path):
    image = nib.Nifti1Image(voxels().T, None)
    image.set_sform(None, 0)
    image.set_qform(GRIDS["oblique"], 1)
    nib.save(image, tmp_path / "ct.nii.gz")
    ct = read_ct(tmp_path / "ct.nii.gz")
    np.testing.assert_allclose(ct.affine, GRIDS["oblique"], atol=1e-4)
    assert ct.warnings == ()


def test_an_sform_that_squeezes_the_volume_flat_is_passed_over(tmp_path):
    path = save(tmp_path / "ct.nii", voxels(), srow_z=[0, 0, 0, 0], sform_code=1)
    content = bytearray(path.read_bytes())
    content[312:328] = bytes(16)  # srow_z
    path.write_bytes(bytes(content))
    assert read_ct(path).grid.voxel_volume_mm3 == pytest.approx(0.45 * 0.5 * 5)


def test_without_any_orientation_the_spacing_is_used_and_the_user_told(tmp_path):
    image = nib.Nifti1Image(voxels().T, None)
    image.header.set_zooms((0.45, 0.5, 5))
    nib.save(image, tmp_path / "ct.nii.gz")
    ct = read_ct(tmp_path / "ct.nii.gz")
    np.testing.assert_allclose(ct.affine, nib.load(tmp_path / "ct.nii.gz").affine, atol=1e-4)
    assert "left and right" in ct.warnings[0]


def not_gzip(path):
    path.write_text("patient,volume\n")


def gzip_of_text(path):
    path.write_bytes(gzip.compress(b"no image " * 100))


def truncated(path):
    save(path, voxels((20, 64, 64)))
    path.write_bytes(path.read_bytes()[:-20000])


def of_another_checksum(path):
    save(path, voxels((20, 64, 64)))
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [not_gzip, gzip_of_text, truncated, of_another_checksum, empty])
def test_what_is_no_image_is_told(tmp_path, damage):
    damage(tmp_path / "ct.nii.gz")
    with pytest.raises(NotAnImageError, match=r"ct\.nii\.gz"):
        read_ct(tmp_path / "ct.nii.gz")


@pytest.mark.parametrize(
    ("offset", "value"),
    [(42, [30000, 30000, 30000]), (42, [-5, 6, 7]), (42, [0, 6, 7])],
)
def test_absurd_sizes_in_the_header_are_told_before_memory_is_taken(tmp_path, offset, value):
    path = save(tmp_path / "ct.nii", voxels())
    content = bytearray(path.read_bytes())
    content[offset : offset + 6] = np.array(value, "<i2").tobytes()
    path.write_bytes(bytes(content))
    with pytest.raises((GeometryError, NotAnImageError, NotThreeDimensionalError)):
        read_ct(path)


@pytest.mark.parametrize("spacing", [(0.00045, 0.00045, 0.005), (450.0, 450.0, 5000.0)])
def test_absurd_spacing_is_told(tmp_path, spacing):
    with pytest.raises(GeometryError, match="mm"):
        read_ct(save(tmp_path / "ct.nii.gz", voxels(), affine(np.eye(3), spacing)))


def test_a_missing_path_and_an_unknown_ending_are_told(tmp_path):
    with pytest.raises(InputError, match="nothing there"):
        read_ct(tmp_path / "no.nii.gz")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(NotAnImageError, match=r"\.nii\.gz"):
        read_ct(tmp_path / "picture.png")


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    path = save(tmp_path / "ct.nii.gz", voxels())

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(gzip, "open", refuse)
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        read_ct(path)


CODES = [(1, 1), (2, 0), (0, 1), (4, 2), (0, 0)]


@pytest.mark.parametrize(("sform_code", "qform_code"), CODES)
def test_a_mask_carries_the_cts_own_affines_codes_and_units(tmp_path, sform_code, qform_code):
    image = nib.Nifti1Image(voxels().T, None)
    image.set_sform(GRIDS["oblique"], sform_code)
    image.set_qform(GRIDS["oblique"], qform_code)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, tmp_path / "ct.nii.gz")
    ct = read_ct(tmp_path / "ct.nii.gz")
    write_mask(Volume(labels(), ct.affine), tmp_path / "mask.nii.gz", ct)
    mask, original = nib.load(tmp_path / "mask.nii.gz"), nib.load(tmp_path / "ct.nii.gz")
    assert mask.get_data_dtype() == np.uint8
    assert mask.shape == original.shape
    np.testing.assert_array_equal(mask.affine, original.affine)
    for name in ("sform_code", "qform_code", "xyzt_units", "pixdim", "srow_x", "quatern_b", "qoffset_z"):
        np.testing.assert_array_equal(mask.header[name], original.header[name])
    np.testing.assert_array_equal(np.asarray(mask.dataobj).T, labels())


@pytest.mark.parametrize("name", GRIDS)
def test_a_mask_of_a_ct_without_nifti_header_lies_on_its_grid(tmp_path, name):
    ct = CTVolume(voxels(), GRIDS[name])
    write_mask(Volume(labels(), GRIDS[name]), tmp_path / "mask.nii.gz", ct)
    image = nib.load(tmp_path / "mask.nii.gz")
    np.testing.assert_allclose(image.affine, GRIDS[name], rtol=1e-6, atol=1e-5)
    assert int(image.header["sform_code"]) == 1
    assert int(image.header["qform_code"]) == (0 if name in SHEARED_GRIDS else 1)
    back = read_mask(tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(back.voxels, labels())
    ct.require_same_grid(back)


@pytest.mark.parametrize("name", RIGID_GRIDS)
def test_simpleitk_reads_the_mask_at_the_same_places(tmp_path, name):
    write_mask(Volume(labels(), GRIDS[name]), tmp_path / "mask.nii.gz")
    image = sitk.ReadImage(str(tmp_path / "mask.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), labels())
    place = image.TransformIndexToPhysicalPoint((6, 5, 4))
    expected = GRIDS[name] @ [6, 5, 4, 1]
    np.testing.assert_allclose(place, (RAS_LPS @ expected)[:3], atol=1e-3)


def test_a_header_of_another_grid_is_not_taken_over(tmp_path):
    ct = read_ct(save(tmp_path / "ct.nii.gz", voxels(), GRIDS["LPS"]))
    turned = CTVolume(ct.voxels, GRIDS["oblique"], ct.header)
    write_mask(Volume(labels(), GRIDS["oblique"]), tmp_path / "mask.nii.gz", turned)
    np.testing.assert_allclose(nib.load(tmp_path / "mask.nii.gz").affine, GRIDS["oblique"], atol=1e-4)


def test_a_real_scan_reads_as_nibabel_reads_it(shared_data):
    path = shared_data / "phe_sich" / "0001_ct.nii.gz"
    ct, image = read_ct(path), nib.load(path)
    assert ct.voxels.dtype == np.int16
    np.testing.assert_array_equal(ct.voxels, np.asarray(image.dataobj).T)
    np.testing.assert_array_equal(ct.affine, image.affine)
