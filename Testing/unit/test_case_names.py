"""What cases are called."""

from pathlib import Path

import pytest

from ICHSegmentationLib.pipeline import case_name, case_names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.nii.gz", "a"),
        ("a.NII", "a"),
        ("a.b.seg.nrrd", "a.b"),
        ("scan.mha", "scan"),
        ("a.txt", "a.txt"),
        (".nii.gz", "case"),
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


def test_cases_of_one_name_get_names_of_their_own() -> None:
    paths = [Path(name) for name in ("a/ct.nii", "b/CT.nrrd", "ct-2.nii", "c/ct.nii.gz", "other.nii")]
    assert case_names(paths) == ["ct", "CT-3", "ct-2", "ct-4", "other"]
