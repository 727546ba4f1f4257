"""The command that segments, as a person and as another program use it."""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line import events_of, segment
from fakes import FakeSegmenter, bleeding, head, write_nifti

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli import main


def test_events_are_json_lines_and_nothing_else(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_network.during = lambda: print("a library that prints")  # noqa: T201
    assert segment(a_ct, "-o", tmp_path / "out") == 0
    events = events_of(capsys)
    assert events[0] == {"event": "process", "pid": os.getpid()}
    assert events[1] == {"event": "started", "case": "ct", "input": str(a_ct)}
    assert {event["event"] for event in events[2:-1]} == {"progress", "warning"}
    assert events[-1]["event"] == "result"
    assert Path(events[-1]["paths"]["mask"]).name == "segmentation.nii.gz"
    assert events[-1]["measurements"] == json.loads(
        (tmp_path / "out" / "ct" / "measurements.json").read_text("utf-8")
    )


def test_without_events_the_volume_and_the_report_are_printed(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", str(a_ct), "-o", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    assert "9.12 mL in 1 lesion" in shown.out
    assert "report.html" in shown.out
    assert "Nothing but a threshold was used." in shown.err


def test_a_terminal_gets_a_table(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["segment", str(a_ct), "-o", str(tmp_path / "out")]) == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().out)
    assert re.search(r"1\b.*intraparenchymal.*9\.12.*9\.16.*8\.75.*36 x 24 x 20", shown)


def test_no_hemorrhage_is_a_result_and_no_failure(
    no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct = write_nifti(tmp_path / "ct.nii.gz", np.where(head() == 70, 35, head()).astype(np.int16))
    assert main(["segment", str(ct), "-o", str(tmp_path / "out")]) == 0
    assert "no hemorrhage segmented, 0 mL" in capsys.readouterr().out


def test_a_failing_case_stops_no_other_and_gives_the_exit_code(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    air = write_nifti(tmp_path / "air.nii.gz", np.full((26, 100, 90), -1000, np.int16))
    text = tmp_path / "text.nii.gz"
    text.write_text("no image")
    assert segment(air, a_ct, text, "-o", tmp_path / "out") == errors.NoHeadError.exit_code
    told = [(event["event"], event.get("case")) for event in events_of(capsys)]
    assert [one for one in told if one[0] in ("result", "failed")] == [
        ("failed", "air"), ("result", "ct"), ("failed", "text"),
    ]  # fmt: skip
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["ct"]


def test_two_scans_of_one_name_get_folders_of_their_own(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    twin = write_nifti(tmp_path / "second" / "ct.nii.gz", head())
    assert segment(a_ct, twin, "-o", tmp_path / "out") == 0
    assert {folder.name for folder in (tmp_path / "out").iterdir()} == {"ct", "ct-2"}


def test_the_format_of_the_mask_is_chosen(a_ct: Path, no_network: FakeSegmenter, tmp_path: Path) -> None:
    assert segment(a_ct, "-o", tmp_path / "out", "--format", "seg.nrrd") == 0
    mask = sitk.ReadImage(str(tmp_path / "out" / "ct" / "segmentation.seg.nrrd"))
    assert np.array_equal(sitk.GetArrayFromImage(mask) > 0, bleeding(head()))


def test_a_drawn_mask_is_measured(a_ct: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = write_nifti(tmp_path / "mask.nii.gz", bleeding(head()) * np.uint8(2))
    assert main(["measure", str(a_ct), str(mask), "-o", str(tmp_path / "out")]) == 0
    assert "9.12 mL" in capsys.readouterr().out
    measured = json.loads((tmp_path / "out" / "ct" / "measurements.json").read_text("utf-8"))
    assert measured["subtypes"] == {"intraparenchymal": pytest.approx(9.12)}


def test_an_earlier_result_is_kept_unless_it_may_be_overwritten(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    assert segment(a_ct, "-o", tmp_path / "out") == 0
    assert segment(a_ct, "-o", tmp_path / "out") == errors.OutputExistsError.exit_code
    assert segment(a_ct, "-o", tmp_path / "out", "--overwrite") == 0


def test_inputs_may_stand_in_a_list(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'ü none.nii.gz'}\n\n{a_ct}\n", encoding="utf-8-sig")
    assert segment("--list", tmp_path / "list.txt", "-o", tmp_path / "out") == errors.InputError.exit_code
    told = [
        (event["event"], event["case"])
        for event in events_of(capsys)
        if event["event"] in ("failed", "result")
    ]
    assert told == [("failed", "ü none"), ("result", "ct")]


@pytest.mark.skipif(os.name == "nt", reason="no name ends in a blank there")
def test_a_name_in_a_list_may_end_in_a_blank(a_ct: Path, no_network: FakeSegmenter, tmp_path: Path) -> None:
    (tmp_path / "Doe ").mkdir()
    (tmp_path / "list.txt").write_bytes(f"{tmp_path / 'Doe '}\r\n{a_ct}\t \r\n \r\n".encode())
    code = segment("--list", tmp_path / "list.txt", "-o", tmp_path / "out")
    assert code == errors.EmptyFolderError.exit_code
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["ct"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_list_may_name_scans_whose_names_are_no_text(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    scan = a_ct.rename(tmp_path / "m\udcfcller\x85.nii.gz")
    listed = f"{scan}\n".encode("utf-8", "surrogatepass")
    (tmp_path / "list.txt").write_bytes(listed)
    assert segment("--list", tmp_path / "list.txt", "-o", tmp_path / "out") == 0
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["m\ufffdller\x85"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa", b"\n"])
def test_a_list_that_is_none_or_holds_no_scan_is_told(
    content: bytes | None, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    assert main(["segment", "--list", str(tmp_path / "list.txt"), "-o", str(tmp_path)]) == 10
    assert "Expected a" in capsys.readouterr().err
