"""The command line, as a person and as another program use it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from fakes import FakeSegmenter, affine, bleeding, head, write_nifti

from ICHSegmentationLib import errors, models
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.pipeline import path

ROOT = Path(__file__).resolve().parents[2]
FAKES = Path(__file__).with_name("fakes.py")

Events = list[dict[str, Any]]


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    return write_nifti(tmp_path / "ct.nii.gz", head())


@pytest.fixture
def no_network(a_model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    """The command line with a threshold instead of a network."""
    segmenter = FakeSegmenter(models.find(a_model_folder))
    monkeypatch.setattr(path, "load_segmenter", lambda settings: segmenter)
    return segmenter


def events_of(capsys: pytest.CaptureFixture[str]) -> Events:
    """What was written to stdout, every line of it JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def segment(*arguments: object) -> int:
    return main(["segment", *map(str, arguments), "--events", "jsonl"])


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
    monkeypatch.setenv("COLUMNS", "120")
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


def not_an_image(folder: Path) -> Path:
    (folder / "bad.nii.gz").write_text("no image")
    return folder / "bad.nii.gz"


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


def start_slow_run(ct: Path, model: Path, out: Path) -> subprocess.Popen[str]:
    """A real process that stands in the middle of a segmentation when this returns."""
    process = subprocess.Popen(
        [sys.executable, str(FAKES), "segment", str(ct), "-o", str(out), "--model", str(model),
         "--events", "jsonl", "--overwrite"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("stage") == "locate":
            return process
    raise AssertionError(process.communicate()[1])


def test_a_run_killed_half_way_leaves_nothing_under_the_final_name(
    a_ct: Path, a_model_folder: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    process = start_slow_run(a_ct, a_model_folder, tmp_path / "out")
    process.kill()
    process.communicate()
    assert not (tmp_path / "out" / "ct").exists()
    assert segment(a_ct, "-o", tmp_path / "out") == 0
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["ct"]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_run_says_so_and_leaves_nothing(
    a_ct: Path, a_model_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = start_slow_run(a_ct, a_model_folder, tmp_path / "out")
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == errors.CancelledError.exit_code
    assert json.loads(out.splitlines()[-1])["code"] == "cancelled"
    assert "Traceback" not in err
    assert not list((tmp_path / "out").iterdir())


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys;"
        "from ICHSegmentationLib.cli.parser import parser; parser().format_help();"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "monai", "rich", "SimpleITK"} & set(done.stdout.split())


def test_python_m_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ICHSegmentationLib", "models", "remove", "absent"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == errors.ModelNotFoundError.exit_code
    assert done.stderr.startswith("Error: ")


def test_models_are_imported_listed_verified_and_removed(
    a_model_folder: Path, the_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "import", str(a_model_folder)]) == 0
    assert main(["models", "list"]) == 0
    assert f"small 1.0.0: {the_store / 'small'}" in capsys.readouterr().out
    assert main(["models", "verify", "small"]) == 0
    (the_store / "small" / "coarse.safetensors").write_bytes(b"changed")
    assert main(["models", "verify"]) == errors.ModelTamperedError.exit_code
    assert main(["models", "remove", "small"]) == 0
    assert main(["models", "verify", "small"]) == errors.ModelNotFoundError.exit_code


def test_a_web_address_needs_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "import", "https://example.org/model.zip"]) == errors.ModelError.exit_code
    assert "--sha256" in capsys.readouterr().err


def test_the_doctor_tells_versions_device_and_models_and_the_first_problem(
    a_model_folder: Path, the_store: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("ICHSegmentationLib.models.store.EMBEDDED", a_model_folder)
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("Python", "PyTorch", "device cpu", "memory", "free disk", "small 1.0.0, verified"):
        assert word in text
    (a_model_folder / "fine.safetensors").write_bytes(b"changed")
    assert main(["doctor", "--json"]) == errors.ModelTamperedError.exit_code
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert any("fine.safetensors" in finding["problem"] for finding in told["findings"])


def test_a_phantom_has_the_volume_asked_for_and_replaces_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = partial(make_phantom, shape=(24, 96, 96), spacing=(6.0, 2.4, 2.4))
    monkeypatch.setattr("ICHSegmentationLib.cli.phantom.make_phantom", coarse)
    ct, mask = tmp_path / "ct.nii.gz", tmp_path / "mask.nii.gz"
    arguments = ["phantom", "-o", str(ct), "--mask", str(mask), "--seed", "3"]
    arguments += ["--subtype", "epidural", "--volume-ml", "40"]
    assert main(arguments) == 0
    image, truth = nib.load(ct), nib.load(mask)
    assert np.array_equal(image.affine, truth.affine)
    labels = np.asarray(truth.dataobj)
    assert set(np.unique(labels)) == {0, 6}
    volume = np.count_nonzero(labels) * abs(np.linalg.det(image.affine[:3, :3])) / 1000
    assert volume == pytest.approx(40, rel=0.1)
    assert f"{volume:.2f} mL epidural" in capsys.readouterr().out
    assert main(arguments) == errors.OutputExistsError.exit_code


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


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa", b"\n"])
def test_a_list_that_is_none_or_holds_no_scan_is_told(
    content: bytes | None, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    assert main(["segment", "--list", str(tmp_path / "list.txt"), "-o", str(tmp_path)]) == 10
    assert "Expected a" in capsys.readouterr().err
