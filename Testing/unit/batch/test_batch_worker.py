"""What a worker does with one case; here without a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from batch_stub import load_stub, write_scan
from dicom_maker import Series, write_series
from fakes import head
from test_batch_run import DEFAULT, settings

from ICHSegmentationLib import errors
from ICHSegmentationLib.batch import Case, find_cases
from ICHSegmentationLib.batch.doing import do_case
from ICHSegmentationLib.batch.equipment import Equipment, Tools
from ICHSegmentationLib.batch.limits import WORKER_MB, fitting_workers, gpu_memory_mb, threads_of_each
from ICHSegmentationLib.batch.outcome import Outcome, Problem
from ICHSegmentationLib.batch.staging import staged
from ICHSegmentationLib.events import Event, Finished


def done(case: Case, out: Path) -> tuple[Outcome, list[Event]]:
    heard: list[Event] = []
    equipment = Equipment(out, out / "state", settings(DEFAULT), load_stub)
    return do_case(case, equipment, Tools(load_stub(settings(DEFAULT))), heard.append), heard


def a_patients_series() -> Series:
    stored = (head() + 1024).astype(np.uint16)
    positions = np.array([-80.0, -95.0, -60.0]) + np.arange(len(stored))[:, np.newaxis] * [0, 0, 5.0]
    names = {"PatientName": "DOE^JANE", "PatientID": "MRN-4711", "PatientBirthDate": "19310224"}
    return Series(stored, positions, pixel_spacing=(2.0, 2.0), extra=names)


def test_nothing_that_is_written_or_told_names_the_patient(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [f"DOE_{number}.dcm" for number in range(26)]
    slices = write_series(a_patients_series(), tmp_path / "tree" / "DOE JANE", names)
    (case,) = find_cases(tmp_path / "tree", tmp_path / "out").cases
    outcome, heard = done(case, tmp_path / "out")
    assert isinstance(outcome.result, Finished), outcome.result
    assert outcome.result.measurements["total_volume_ml"] == pytest.approx(9.12)
    assert outcome.result.measurements["input"]["name"] == case.name

    slices[3].write_bytes(slices[3].read_bytes()[:-1000])
    failed, more = done(case, tmp_path / "failed")
    assert isinstance(failed.result, Problem)
    said = "".join(capfd.readouterr())
    told = str([event.to_dict() for event in heard + more]) + str(outcome) + str(failed) + said
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"report.html", "measurements.json"}
    for name in ("DOE", "JANE", "MRN-4711", "19310224"):
        assert name not in told.replace(str(tmp_path), "")
        assert not [path for path in files if name.encode() in path.read_bytes() or name in path.name]


def test_files_are_read_under_other_names_and_left_as_they_are(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "DOE.nii.gz")
    content = scan.read_bytes()
    mask = tmp_path / "DOE mask.seg.nrrd"
    mask.write_text("mask")
    with staged(Case("01", (scan,), mask=mask), tmp_path / "stage") as files:
        assert files.scan == tmp_path / "stage" / "01.nii.gz"
        assert files.scan.read_bytes() == content
        assert files.mask == tmp_path / "stage" / "mask.seg.nrrd"
        assert files.mask.resolve() == files.mask
    assert not (tmp_path / "stage").exists()
    assert scan.read_bytes() == content


def test_files_on_another_disk_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    scan = write_scan(tmp_path / "ct.nii.gz")
    with staged(Case("01", (scan,)), tmp_path / "stage") as files:
        assert files.scan.read_bytes() == scan.read_bytes()
        assert not files.scan.samefile(scan)


@pytest.mark.skipif(sys.platform == "win32", reason="it has neither links for everybody nor named pipes")
@pytest.mark.parametrize("kind", ["nothing", "circle", "pipe", "folder"])
def test_what_is_no_file_is_an_input_error_that_names_the_case_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "DOE.nii.gz"
    if kind == "circle":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with (
        pytest.raises(errors.InputError, match="the case 01") as raised,
        staged(Case("01", (path,)), tmp_path / "stage"),
    ):
        pass
    assert "DOE" not in str(raised.value)
    assert not (tmp_path / "stage").exists()


def test_a_missing_scan_is_a_failed_case(tmp_path: Path) -> None:
    outcome, _ = done(Case("01", (tmp_path / "none.nii.gz",)), tmp_path / "out")
    assert isinstance(outcome.result, Problem)
    assert (outcome.result.code, outcome.input_sha256) == ("input", None)


@pytest.mark.parametrize(("memory_mb", "workers"), [(WORKER_MB * 2.5, 2), (1000.0, 1), (WORKER_MB * 100, 8)])
def test_workers_fit_cores_and_memory(
    memory_mb: float, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ICHSegmentationLib.batch.limits.total_memory_mb", lambda: memory_mb)
    monkeypatch.setattr("ICHSegmentationLib.batch.limits.cores", lambda: 8)
    assert fitting_workers("cpu") == workers
    assert threads_of_each(workers) == 8 // workers


@pytest.mark.parametrize(
    ("gpu_mb", "workers"), [(None, 2), (8_000.0, 2), (25_000.0, 3), (150_000.0, 8), (float(10**9), 8)]
)
def test_on_a_gpu_workers_fit_its_memory_too(
    gpu_mb: float | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ICHSegmentationLib.batch.limits.total_memory_mb", lambda: WORKER_MB * 100)
    monkeypatch.setattr("ICHSegmentationLib.batch.limits.cores", lambda: 8)
    monkeypatch.setattr("ICHSegmentationLib.batch.limits.gpu_memory_mb", lambda: gpu_mb)
    assert fitting_workers("cuda") == workers


def test_the_memory_of_a_gpu_is_what_its_driver_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[0] == "nvidia-smi"
        return subprocess.CompletedProcess(command, 0, "143771\n24564\n")

    monkeypatch.setattr(subprocess, "run", told)
    assert gpu_memory_mb() == pytest.approx(150_754.8, abs=0.1)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_mb() is None, "there is no such program"


LIMITED = """
import numpy, sys
from ICHSegmentationLib.batch.doing import do_case
from ICHSegmentationLib.batch.equipment import Equipment, Tools
from ICHSegmentationLib.batch.limits import limit_memory
limit_memory(float(sys.argv[1]))
numpy.ones(int(sys.argv[2]), numpy.uint8)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may take")
def test_a_worker_cannot_take_more_memory_than_it_is_given() -> None:
    def take(limit_mb: int, size_mb: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LIMITED, str(limit_mb), str(size_mb * 10**6)]
        return subprocess.run(command, capture_output=True, text=True)

    assert take(1500, 200).returncode == 0
    assert "MemoryError" in take(1500, 2000).stderr
