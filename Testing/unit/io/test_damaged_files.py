import contextlib
import random

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_maker import enhanced_dataset, head_series
from io_grids import GRIDS, labels, voxels

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import Volume


def nifti(path):
    nib.save(nib.Nifti1Image(voxels().T, GRIDS["oblique"]), path)


def itk(path):
    sitk.WriteImage(sitk.GetImageFromArray(voxels()), str(path))


def dicom(path):
    enhanced_dataset(head_series()).save_as(path, enforce_file_format=True)


def segmentation(path):
    write_mask(Volume(labels(), GRIDS["LPS"]), path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "save", "read"),
    [
        ("ct.nii", nifti, read_ct),
        ("ct.nrrd", itk, read_ct),
        ("ct.mha", itk, read_ct),
        ("ct.dcm", dicom, read_ct),
        ("mask.seg.nrrd", segmentation, read_mask),
    ],
)
def test_a_damaged_header_gives_an_input_error_or_a_volume_and_never_another_error(
    tmp_path, name, save, read
):
    path = tmp_path / name
    save(path)
    whole, chance = path.read_bytes(), random.Random(7)
    start = 132 if name.endswith(".dcm") else 0
    refused = 0
    for trial in range(80):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.randrange(start, min(len(whole), 2000))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.randrange(start, len(whole))] if trial % 10 == 0 else damaged)
        with contextlib.suppress(InputError):
            assert read(path).voxels.ndim == 3
            refused -= 1
        refused += 1
    assert refused > 0


@pytest.mark.parametrize(("key", "value"), [("Segment0_LabelValue", "one"), ("Segment0_Layer", "3")])
def test_a_damaged_description_of_segments_is_told(tmp_path, key, value):
    nrrd = pytest.importorskip("nrrd")
    path = tmp_path / "mask.seg.nrrd"
    header = {"space": "left-posterior-superior", "space directions": np.eye(3), "space origin": np.zeros(3)}
    nrrd.write(str(path), labels(highest=1).T, {**header, "Segment0_ID": "IPH", key: value})
    with pytest.raises(InputError, match="damaged"):
        read_mask(path)


def test_segments_from_before_layers_had_numbers_are_read(tmp_path):
    nrrd = pytest.importorskip("nrrd")
    path = tmp_path / "mask.seg.nrrd"
    array = np.zeros((2, 7, 6, 5), np.uint8)
    array[0, 1], array[1, 2] = 1, 1
    header = {
        "space": "left-posterior-superior",
        "space origin": np.zeros(3),
        "space directions": np.vstack([np.full(3, np.nan), np.eye(3)]),
        "kinds": ["list", "domain", "domain", "domain"],
    }
    segments = {
        "Segment0_ID": "a", "Segment0_Name": "IPH",
        "Segment1_ID": "b", "Segment1_Name": "IVH",
    }  # fmt: skip
    nrrd.write(str(path), array, header | segments)
    assert read_mask(path).voxels[0, 0].tolist() == [0, 2, 3, 0, 0, 0, 0]
