"""What stops the one path, and what a run that fails leaves behind."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSegmenter, head, write_nifti

from ICHSegmentationLib.errors import (
    DependencyError,
    DiskFullError,
    InputError,
    InsufficientMemoryError,
    ModelNotFoundError,
    ModelTamperedError,
    NotHounsfieldError,
    OtherScansResultError,
    OutputExistsError,
)
from ICHSegmentationLib.events import Event, Progress
from ICHSegmentationLib.pipeline import segment_case
from ICHSegmentationLib.settings import SegmentationSettings


def test_an_earlier_result_stops_the_run_before_the_work_starts(a_ct: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "out" / "ct" / "measurements.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("earlier")
    heard: list[Event] = []
    with pytest.raises(OutputExistsError):
        segment_case(a_ct, tmp_path / "out", listen=heard.append)
    assert not [event for event in heard if isinstance(event, Progress)]
    assert earlier.read_text() == "earlier"


def test_the_result_of_another_scan_of_the_same_name_is_not_taken_for_one_of_this(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    moved = tmp_path / "moved" / "ct.nii.gz"
    moved.parent.mkdir()
    a_ct.rename(moved)
    with pytest.raises(OutputExistsError) as same:
        segment_case(moved, tmp_path / "out", segmenter=a_segmenter)
    assert same.value.code == "output_exists"
    other = write_nifti(a_ct, head() + 1)
    with pytest.raises(OtherScansResultError, match="another scan"):
        segment_case(other, tmp_path / "out", segmenter=a_segmenter)
    segment_case(other, tmp_path / "out", SegmentationSettings(overwrite=True), segmenter=a_segmenter)


def test_an_earlier_result_is_replaced_when_asked(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    (tmp_path / "out" / "ct").mkdir(parents=True)
    (tmp_path / "out" / "ct" / "measurements.json").write_text("earlier")
    settings = SegmentationSettings(overwrite=True, format="nrrd")
    result = segment_case(a_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    assert json.loads(result.paths["measurements"].read_text("utf-8"))["schema_version"] == 1
    assert result.paths["mask"].name == "segmentation.nrrd"


@pytest.mark.parametrize("out", [".", ".."])
def test_a_result_never_takes_the_place_of_the_scan(tmp_path: Path, monkeypatch, out: str) -> None:
    scan = tmp_path / "study" / "study" / "scan"
    scan.mkdir(parents=True)
    (scan / "0001.dcm").write_text("a slice")
    monkeypatch.chdir(scan.parent)
    case = "scan" if out == "." else "study"  # the folder of the scan, or one that holds it
    with pytest.raises(InputError, match="apart from the scan"):
        segment_case(scan, out, SegmentationSettings(overwrite=True), case=case)
    assert [path.name for path in scan.iterdir()] == ["0001.dcm"]


def test_a_failing_run_leaves_an_earlier_result_as_it_was_and_nothing_beside_it(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    (tmp_path / "out" / "ct").mkdir(parents=True)
    (tmp_path / "out" / "ct" / "measurements.json").write_text("earlier")

    def fail() -> None:
        raise ValueError("half-way")

    a_segmenter.during = fail
    with pytest.raises(ValueError, match="half-way"):
        segment_case(a_ct, tmp_path / "out", SegmentationSettings(overwrite=True), segmenter=a_segmenter)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ct"]
    assert (tmp_path / "out" / "ct" / "measurements.json").read_text() == "earlier"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (MemoryError(), InsufficientMemoryError),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), InsufficientMemoryError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), InsufficientMemoryError),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), DependencyError),
        (RuntimeError("another trouble"), RuntimeError),
    ],
)
def test_lack_of_memory_and_of_packages_is_told_in_our_words(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path, raised: Exception, expected: type[Exception]
) -> None:
    def fail() -> None:
        raise raised

    a_segmenter.during = fail
    with pytest.raises(expected):
        segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    assert not list((tmp_path / "out").iterdir())


def test_a_missing_package_is_told_with_the_command_that_brings_it(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError("No module named 'skimage'", name="skimage.measure")

    a_segmenter.during = fail
    with pytest.raises(DependencyError, match="pip install scikit-image"):
        segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)


def test_a_full_disk_is_told_and_leaves_nothing(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ICHSegmentationLib.report.write.write_report", full)
    with pytest.raises(DiskFullError):
        segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    assert not list((tmp_path / "out").iterdir())


def test_a_scan_that_is_no_ct_stops_before_the_model_is_loaded(tmp_path: Path) -> None:
    ct = write_nifti(tmp_path / "ct.nii.gz", head() + np.int16(1024))
    with pytest.raises(NotHounsfieldError):
        segment_case(ct, tmp_path / "out", SegmentationSettings(model="absent"))


def test_a_missing_model_is_told(a_ct: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="absent"):
        segment_case(a_ct, tmp_path / "out", SegmentationSettings(model="absent"))


def test_tampered_weights_are_told_and_never_loaded(a_ct: Path, a_model_folder: Path, tmp_path: Path) -> None:
    (a_model_folder / "fine.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelTamperedError, match=r"fine\.safetensors"):
        segment_case(a_ct, tmp_path / "out", SegmentationSettings(model=str(a_model_folder)))
    assert not list((tmp_path / "out").iterdir())
