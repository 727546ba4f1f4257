"""What the command says when its surroundings fail: disks, weights, memory, faults of ours."""

import json
import os
from pathlib import Path

import pytest
from command_line import events_of, not_an_image, segment
from fakes import FakeSegmenter

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_folder_without_write_permission_is_told(a_ct: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert segment(a_ct, "-o", locked) == errors.NotWritableError.exit_code


def test_a_read_only_disk_is_told_before_the_work_starts(
    a_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(self: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", read_only)
    assert segment(a_ct, "-o", tmp_path / "out") == errors.NotWritableError.exit_code
    assert [event["event"] for event in events_of(capsys)] == ["process", "started", "failed"]


def test_a_full_disk_has_its_own_exit_code(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ICHSegmentationLib.report.write.write_report", full)
    assert segment(a_ct, "-o", tmp_path / "out") == errors.DiskFullError.exit_code


def test_missing_and_tampered_weights_have_their_own_exit_codes(
    a_ct: Path, a_model_folder: Path, tmp_path: Path
) -> None:
    arguments = (a_ct, "-o", tmp_path / "out", "--model", a_model_folder)
    (a_model_folder / "fine.safetensors").write_bytes(b"changed")
    assert segment(*arguments) == errors.ModelTamperedError.exit_code
    (a_model_folder / "fine.safetensors").unlink()
    assert segment(*arguments) == errors.ModelNotFoundError.exit_code
    (a_model_folder / "model.json").write_text("{}")
    assert segment(*arguments) == errors.ModelError.exit_code


def test_a_bad_setting_is_told(a_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert segment(a_ct, "-o", tmp_path / "out", "--threads", "0") == errors.InputError.exit_code
    assert "at least one thread" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows takes a name that is too long for one that is not there")
@pytest.mark.parametrize("option", [None, "--model", "--detector"])
def test_a_path_that_is_too_long_is_told(
    option: str | None, a_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x" * 5000
    given = [name] if option is None else [a_ct, option, name]
    assert segment(*given, "-o", tmp_path / "out") == errors.InputError.exit_code
    shown = capsys.readouterr()
    assert "too long: xxx" in shown.out + shown.err


def test_an_unexpected_error_is_a_sentence_a_traceback_and_code_70(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a fault of ours")

    no_network.during = fail
    assert segment(a_ct, "-o", tmp_path / "out") == 70
    shown = capsys.readouterr()
    failed = json.loads(shown.out.splitlines()[-1])
    assert failed["code"] == "internal"
    assert "ZeroDivisionError: a fault of ours" in failed["message"]
    assert "Traceback" in shown.err


def test_lack_of_memory_has_its_own_exit_code(a_ct: Path, no_network: FakeSegmenter, tmp_path: Path) -> None:
    def fail() -> None:
        raise MemoryError

    no_network.during = fail
    assert segment(a_ct, "-o", tmp_path / "out") == errors.InsufficientMemoryError.exit_code


def test_debug_shows_where_an_error_came_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = not_an_image(tmp_path)
    main(["segment", str(bad), "-o", str(tmp_path / "out"), "--debug"])
    assert "Traceback" in capsys.readouterr().err
