"""What ``ichseg phantom`` refuses, before it paints anything."""

from functools import partial
from pathlib import Path

import nibabel as nib
import pytest

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.phantom import make_phantom


@pytest.fixture
def no_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ICHSegmentationLib.cli.phantom.make_phantom", lambda *_: pytest.fail("painted"))


@pytest.mark.usefixtures("no_painting")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "ct.nii.gz", "--seed", "-1"], "seed of 0 or more, found -1"),
        (["-o", "z.nii.gz", "--mask", "z.nii.gz"], "z.nii.gz for both"),
        (["-o", "z.nii.gz", "--mask", "./folder/../Z.NII.gz"], "for both"),
        (["-o", "ct.nii.gz", "--mask", "mask.png"], "found mask.png"),
        (["-o", "ct.nii.gz", "--mask", "mask.nii"], "found mask.nii"),
        (["-o", "ct.nii.gz", "--mask", "mask.dcm"], "not read from one"),
        (["-o", "ct.mha"], "found ct.mha"),
        (["-o", "ct.nii.gz", "--subtype", "none", "--volume-ml", "10"], "found 10 mL"),
    ],
)
def test_a_wrong_setting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], told: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["phantom", *arguments]) == errors.InputError.exit_code
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_painting")
@pytest.mark.parametrize("mask", ["notes.txt/mask.nii.gz", "notes.txt/deep/mask.nii.gz"])
def test_a_mask_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mask: str
) -> None:
    (tmp_path / "notes.txt").write_text("no folder")
    arguments = ["phantom", "-o", str(tmp_path / "ct.nii.gz"), "--mask", str(tmp_path / mask)]
    assert main(arguments) == errors.OutputError.exit_code
    assert "mask.nii.gz could not be written" in capsys.readouterr().err


@pytest.mark.usefixtures("no_painting")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("ICHSegmentationLib.cli.phantom.TemporaryFile", refuse)
    assert main(["phantom", "-o", str(tmp_path / "new" / "ct.nii")]) == errors.NotWritableError.exit_code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["new/folder/ct.nii", "Ct.Nii.GZ"])
def test_the_place_is_made_and_the_ending_may_be_in_upper_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    coarse = partial(make_phantom, shape=(3, 24, 24), spacing=(48.0, 9.6, 9.6))
    monkeypatch.setattr("ICHSegmentationLib.cli.phantom.make_phantom", coarse)
    assert main(["phantom", "-o", str(tmp_path / name), "--subtype", "none"]) == 0
    assert capsys.readouterr().out.endswith(": no hemorrhage\n")
    written = (tmp_path / name).rename(tmp_path / f"ct{'.nii.gz' if name.endswith('GZ') else '.nii'}")
    assert nib.load(written).shape == (24, 24, 3)
