import json
from pathlib import Path

import pytest
from small_training import prepared, write_cases

from ICHSegmentationLib.errors import InputError
from Training.cli import main
from Training.loop.scans import ScanStore


def test_a_scan_that_is_gone_is_named_with_what_to_do(tmp_path: Path):
    case = write_cases(tmp_path / "raw", 1)[0]
    (tmp_path / "raw" / "masks").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"masks.c0\.nii\.gz.*'folder' in dataset\.json"):
        ScanStore(tmp_path).scan(case)


def test_data_that_were_moved_are_trained_on_once_their_folder_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    data, moved = prepared(tmp_path), tmp_path / "moved"
    (tmp_path / "raw").rename(moved)
    train = ["train", "--recipe", "li_chen_2d_debug", "--data", str(data), "-o", str(tmp_path / "run")]
    train += ["--accelerator", "cpu", "--workers", "0", "--epochs", "1", "--iterations", "1"]
    assert main(train) == 10
    assert "'folder' in dataset.json" in capsys.readouterr().err
    described = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps({**described, "folder": str(moved)}))
    assert main(train) == 0
