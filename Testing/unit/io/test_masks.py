import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from io_grids import GRIDS, RAS_LPS, SHAPE, labels

from ICHSegmentationLib.errors import GridMismatchError, InputError, UnknownLabelError
from ICHSegmentationLib.io import read_mask, write_mask
from ICHSegmentationLib.volume import CTVolume, Volume

FORMATS = ["nii.gz", "nrrd", "seg.nrrd"]


def nifti(path, array, grid=GRIDS["LPS"]):
    nib.save(nib.Nifti1Image(array.T, grid), path)
    return path


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", GRIDS)
def test_a_mask_comes_back_as_it_was_written(tmp_path, name, ending):
    path = tmp_path / f"mask.{ending}"
    write_mask(Volume(labels(), GRIDS[name]), path)
    back = read_mask(path)
    assert back.voxels.dtype == np.uint8
    np.testing.assert_array_equal(back.voxels, labels())
    np.testing.assert_allclose(back.affine, GRIDS[name], rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("ending", ["nrrd", "seg.nrrd"])
@pytest.mark.parametrize("name", GRIDS)
def test_simpleitk_reads_the_nrrd_at_the_same_places(tmp_path, name, ending):
    write_mask(Volume(labels(), GRIDS[name]), tmp_path / f"mask.{ending}")
    image = sitk.ReadImage(str(tmp_path / f"mask.{ending}"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), labels())
    place = image.TransformContinuousIndexToPhysicalPoint((6.0, 5.0, 4.0))
    np.testing.assert_allclose(place, (RAS_LPS @ GRIDS[name] @ [6, 5, 4, 1])[:3], atol=1e-9)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_mask_gives_the_same_bytes(tmp_path, ending, monkeypatch):
    mask = Volume(labels(), GRIDS["tilted"])
    write_mask(mask, tmp_path / f"one.{ending}")
    monkeypatch.setattr("time.time", lambda: 4e9)
    write_mask(mask, tmp_path / f"another.{ending}")
    assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"another.{ending}").read_bytes()


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_mask_is_a_result(tmp_path, ending):
    write_mask(Volume(np.zeros(SHAPE, np.uint8), GRIDS["LPS"]), tmp_path / f"mask.{ending}")
    assert not read_mask(tmp_path / f"mask.{ending}").voxels.any()


@pytest.mark.parametrize("stored", [np.uint8, np.int16])
def test_floats_under_the_header_of_an_integer_ct_are_labels(tmp_path, stored):
    ct = nib.Nifti1Image(np.zeros(SHAPE[::-1], stored), GRIDS["LPS"])
    nib.save(nib.Nifti1Image(labels().T.astype(float), ct.affine, ct.header), tmp_path / "mask.nii.gz")
    stored_in_steps = nib.load(tmp_path / "mask.nii.gz").dataobj
    assert stored_in_steps.slope != 1
    assert (np.asarray(stored_in_steps) % 1).any()
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii.gz").voxels, labels())


@pytest.mark.parametrize("stored", [np.uint8, np.int16])
def test_probabilities_under_the_header_of_an_integer_ct_are_no_labels(tmp_path, stored):
    ct = nib.Nifti1Image(np.zeros(SHAPE[::-1], stored), GRIDS["LPS"])
    sure = np.linspace(0, 1, labels().size).reshape(SHAPE).T
    nib.save(nib.Nifti1Image(sure, ct.affine, ct.header), tmp_path / "mask.nii.gz")
    with pytest.raises(UnknownLabelError, match="whole label values"):
        read_mask(tmp_path / "mask.nii.gz")


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float32, np.float64])
def test_whole_values_of_any_type_are_labels(tmp_path, dtype):
    image = nib.Nifti1Image(labels().T.astype(dtype), GRIDS["LPS"], dtype=dtype)
    nib.save(image, tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii.gz").voxels, labels())


@pytest.mark.parametrize("value", [7, 255, 256, 1000, -1])
def test_a_value_that_is_no_label_is_told(tmp_path, value):
    array = np.zeros(SHAPE, np.int16)
    array[2, 3, 4] = value
    with pytest.raises(UnknownLabelError, match=str(value)):
        read_mask(nifti(tmp_path / "mask.nii.gz", array))


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf])
def test_values_that_are_not_whole_are_told(tmp_path, value):
    array = np.zeros(SHAPE, np.float32)
    array[2, 3, 4] = value
    with pytest.raises(UnknownLabelError, match=str(value)):
        read_mask(nifti(tmp_path / "mask.nii.gz", array))


def test_a_mask_with_an_unknown_label_is_not_written(tmp_path):
    with pytest.raises(UnknownLabelError, match="9"):
        write_mask(Volume(np.full(SHAPE, 9, np.uint8), GRIDS["LPS"]), tmp_path / "mask.nii.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_mask_on_another_grid_than_its_ct_is_not_written(tmp_path):
    ct = CTVolume(np.zeros(SHAPE, np.int16), GRIDS["oblique"])
    with pytest.raises(GridMismatchError):
        write_mask(Volume(labels(), GRIDS["LPS"]), tmp_path / "mask.nii.gz", ct)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_told(tmp_path):
    with pytest.raises(InputError, match=r"seg\.nrrd"):
        write_mask(Volume(labels(), GRIDS["LPS"]), tmp_path / "mask.mha")
    with pytest.raises(InputError, match="found none"):
        read_mask(tmp_path)
