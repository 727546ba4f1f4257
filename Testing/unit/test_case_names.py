"""What cases are called."""

import sys
from pathlib import Path

import pytest

from ICHSegmentationLib.pipeline import case_name, case_names
from ICHSegmentationLib.pipeline.provenance import describe_mask


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.nii.gz", "a"),
        ("a.NII", "a"),
        ("a.b.seg.nrrd", "a.b"),
        ("scan.mha", "scan"),
        ("a.txt", "a.txt"),
        (".nii.gz", "case"),
        ("M\udcfcller.nii", "M\ufffdller"),
    ],
)
def test_a_case_is_called_after_its_file(tmp_path: Path, file: str, name: str) -> None:
    assert case_name(tmp_path / file) == name


def test_a_folder_keeps_its_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "series.nii"
    folder.mkdir()
    assert case_name(folder) == "series.nii"
    monkeypatch.chdir(folder)
    assert case_name(Path()) == "series.nii"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that not every user has")
def test_a_link_keeps_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = tmp_path / "annex" / "SHA256E-s10--0123.nii.gz"
    (tmp_path / "scans" / "inner").mkdir(parents=True)
    blob.parent.mkdir()
    blob.write_bytes(b"voxels")
    scan = tmp_path / "scans" / "patient-7.nii.gz"
    scan.symlink_to(blob)
    assert case_name(scan) == "patient-7"
    assert describe_mask(scan)["name"] == "patient-7.nii.gz"
    monkeypatch.chdir(scan.parent / "inner")
    assert case_name(Path("..")) == "scans"
    assert case_name(Path("../patient-7.nii.gz")) == "patient-7"


def test_cases_of_one_name_get_names_of_their_own() -> None:
    paths = [Path(name) for name in ("a/ct.nii", "b/CT.nrrd", "ct-2.nii", "c/ct.nii.gz", "other.nii")]
    assert case_names(paths) == ["ct", "CT-3", "ct-2", "ct-4", "other"]
