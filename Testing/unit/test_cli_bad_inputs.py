"""Scans and masks that cannot be measured: each has an error and an exit code of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from command_line import not_an_image, segment
from fakes import affine, bleeding, head, write_nifti

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main


def another_file(folder: Path) -> Path:
    (folder / "bad.txt").write_text("no image")
    return folder / "bad.txt"


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def flat(folder: Path) -> Path:
    nib.save(nib.Nifti1Image(head()[13].T, affine()), folder / "flat.nii.gz")
    return folder / "flat.nii.gz"


def all_air(folder: Path) -> Path:
    return write_nifti(folder / "air.nii.gz", np.full((26, 100, 90), -1000, np.int16))


def with_nan(folder: Path) -> Path:
    voxels = head().astype(np.float32)
    voxels[3, 4, 5] = np.nan
    return write_nifti(folder / "nan.nii.gz", voxels)


def stored_values(folder: Path) -> Path:
    return write_nifti(folder / "stored.nii.gz", (head() + np.int16(1024)).astype(np.uint16))


def dicom_series(folder: Path, series: str = "1.2.3", modality: str = "CT") -> Path:
    """A folder of slices written by SimpleITK; called again, it adds another series."""
    target = folder / "dicom"
    target.mkdir(exist_ok=True)
    for index, voxels in enumerate(head()[10:14]):
        image = sitk.GetImageFromArray(voxels[None])
        image.SetSpacing((2.0, 2.0, 5.0))
        tags = {
            "0008|0060": modality,
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2" if modality == "CT" else "1.2.840.10008.5.1.4.1.1.4",
            "0020|000e": series,
            "0020|000d": "1.2.9",
            "0020|0032": f"-80\\-95\\{-60 + 5 * index}",
            "0020|0037": "1\\0\\0\\0\\1\\0",
            "0020|0013": str(index + 1),
            "0018|0050": "5",
        }
        for tag, value in tags.items():
            image.SetMetaData(tag, value)
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        writer.SetFileName(str(target / f"{series}-{index}.dcm"))
        writer.Execute(image)
    return target


def two_series(folder: Path) -> Path:
    dicom_series(folder, "1.2.3")
    return dicom_series(folder, "1.2.4")


def mr(folder: Path) -> Path:
    return dicom_series(folder, modality="MR")


def nothing(folder: Path) -> Path:
    return folder / "absent.nii.gz"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (nothing, errors.InputError),
        (not_an_image, errors.NotAnImageError),
        (another_file, errors.NotAnImageError),
        (empty_folder, errors.EmptyFolderError),
        (two_series, errors.SeveralSeriesError),
        (mr, errors.WrongModalityError),
        (flat, errors.NotThreeDimensionalError),
        (all_air, errors.NoHeadError),
        (with_nan, errors.NonFiniteError),
        (stored_values, errors.NotHounsfieldError),
    ],
)
def test_each_bad_scan_has_its_own_error_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Callable[[Path], Path],
    expected: type[errors.ICHError],
) -> None:  # fmt: skip
    scan = bad(tmp_path)
    assert segment(scan, "-o", tmp_path / "out") == expected.exit_code
    shown = capsys.readouterr()
    failed = json.loads(shown.out.splitlines()[-1])
    assert (failed["event"], failed["code"]) == ("failed", expected.code)
    assert failed["message"]
    assert "Traceback" not in shown.err
    assert not list((tmp_path / "out").iterdir())


def test_each_bad_mask_has_its_own_error_and_exit_code(
    a_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = {
        errors.UnknownLabelError: write_nifti(tmp_path / "label.nii.gz", bleeding(head()) * np.uint8(9)),
        errors.GridMismatchError: write_nifti(tmp_path / "grid.nii.gz", bleeding(head())[2:]),
        errors.NotAnImageError: not_an_image(tmp_path),
    }
    for expected, mask in masks.items():
        assert main(["measure", str(a_ct), str(mask), "-o", str(tmp_path / "out")]) == expected.exit_code
        shown = capsys.readouterr()
        assert "Error:" in shown.err
        assert "Traceback" not in shown.err
    assert not list((tmp_path / "out").iterdir())
