"""Detection on its own and beside a segmentation, from a file to a result folder."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bright_detector import bright_detector, write_folder
from fakes import FakeSegmenter, affine, head, write_nifti

from ICHSegmentationLib import models
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.detection import CLASSES, Detector
from ICHSegmentationLib.errors import DependencyError, ModelError, ModelNotFoundError, OutputExistsError
from ICHSegmentationLib.events import Event, Finished, Progress, Started, Warned
from ICHSegmentationLib.pipeline import detection as pipeline_detection
from ICHSegmentationLib.pipeline import segment_case
from ICHSegmentationLib.pipeline.detection import detect_case
from ICHSegmentationLib.settings import DetectionSettings, SegmentationSettings

BLEEDING = np.flatnonzero((head() == 70).any(axis=(1, 2))).tolist()


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    return write_nifti(tmp_path / "ct.nii.gz", head())


@pytest.fixture
def a_detector(tmp_path: Path) -> Detector:
    return bright_detector(tmp_path / "bright")


@pytest.fixture
def a_segmenter(a_model_folder: Path) -> FakeSegmenter:
    return FakeSegmenter(models.find(a_model_folder))


def test_a_case_gives_a_document_and_a_page(a_ct: Path, a_detector: Detector, tmp_path: Path):
    result = detect_case(a_ct, tmp_path / "out", detector=a_detector)
    assert {file.name for file in result.folder.iterdir()} == {"detection.json", "detection.html"}
    told = json.loads((result.folder / "detection.json").read_text("utf-8"))
    assert told["marked_slices"]["hemorrhage"] == BLEEDING
    assert told["marked_slices"]["subarachnoid"] == BLEEDING
    assert told["marked_slices"]["epidural"] == []
    assert told["case"] == "ct"
    assert told["model"]["id"] == "bright"
    assert told["model"]["sha256"] == a_detector.model.manifest.sha256
    assert told["input"]["shape"] == [26, 100, 90]
    assert told["engine"] == "none"
    assert told["schema_version"] == 1
    assert "Research use only" in told["research_use_only"]
    assert {"read", "load", "detect", "report"} <= set(told["timings_s"])
    assert str(tmp_path) not in json.dumps(told)

    page = (result.folder / "detection.html").read_text("utf-8")
    assert told["sentence"] in page
    assert "Research use only" in page
    assert page.count('<figure class="small marked">') == len(BLEEDING)
    assert page.count("<img ") == 12
    assert f'title="Slice {BLEEDING[0] + 1}: 98 %"' in page
    assert 'src="http' not in page
    assert "<link" not in page
    assert "<script" not in page


def test_events_come_in_order_and_progress_never_runs_back(a_ct: Path, a_detector: Detector, tmp_path: Path):
    heard: list[Event] = []
    detect_case(a_ct, tmp_path / "out", listen=heard.append, detector=a_detector)
    assert isinstance(heard[0], Started)
    assert isinstance(heard[-1], Finished)
    fractions = [event.fraction for event in heard if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert all(Path(path).is_file() for path in heard[-1].paths.values())
    assert heard[-1].measurements["sentence"].startswith("Hemorrhage likely")


def test_an_earlier_result_is_replaced_only_when_asked(a_ct: Path, a_detector: Detector, tmp_path: Path):
    detect_case(a_ct, tmp_path / "out", detector=a_detector)
    with pytest.raises(OutputExistsError):
        detect_case(a_ct, tmp_path / "out", detector=a_detector)
    detect_case(a_ct, tmp_path / "out", DetectionSettings(overwrite=True), detector=a_detector)


def test_a_brain_of_unusual_density_is_told_of_a_detection_and_a_segmentation(
    a_segmenter: FakeSegmenter, a_detector: Detector, tmp_path: Path
):
    brighter = np.where(head() == 35, 52, head())
    assert (brighter == 52).any()
    path = write_nifti(tmp_path / "brighter.nii.gz", brighter)
    detected = detect_case(path, tmp_path / "detected", detector=a_detector)
    told = json.loads((detected.folder / "detection.json").read_text("utf-8"))["warnings"]
    outlined = segment_case(path, tmp_path / "outlined", segmenter=a_segmenter).measurements
    for warnings in (told, outlined["warnings"], outlined["uncertainty"]["reasons"]):
        assert sum("brain measures 52 HU" in warning for warning in warnings) == 1


def test_a_segmentation_tells_what_the_detector_says(
    a_ct: Path, a_segmenter: FakeSegmenter, a_detector: Detector, tmp_path: Path
):
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter, detector=a_detector)
    told = result.measurements["detection"]
    assert told["marked_slices"]["subarachnoid"] == BLEEDING
    assert told["scan"]["hemorrhage"] == pytest.approx(0.982, abs=1e-3)
    assert told["model"]["id"] == "bright"
    assert len(told["slices"]["hemorrhage"]) == 26
    assert json.loads(result.paths["measurements"].read_text("utf-8"))["detection"] == told
    assert "detect" in result.measurements["timings_s"]
    assert not [w for w in result.measurements["warnings"] if w.startswith("Detector")]

    page = result.paths["report"].read_text("utf-8")
    assert told["sentence"] in page
    assert page.count('class="marked outlined"') == len(BLEEDING)
    assert "detector\u00a098\u00a0%" in page


def test_what_the_detector_saw_and_nobody_outlined_is_a_warning_and_a_picture(
    a_ct: Path, a_model_folder: Path, a_detector: Detector, tmp_path: Path
):
    hu = head()
    hu[20, 40:50, 40:50] = 66  # the fake segmenter outlines 70 HU alone
    ct = write_nifti(tmp_path / "other.nii.gz", hu)
    heard: list[Event] = []
    segmenter = FakeSegmenter(models.find(a_model_folder))
    result = segment_case(ct, tmp_path / "out", listen=heard.append, segmenter=segmenter, detector=a_detector)
    warning = "Detector: subarachnoid hemorrhage likely on slice 21, nothing outlined there."
    assert warning in result.measurements["warnings"]
    assert warning in result.measurements["uncertainty"]["reasons"]
    assert warning in [event.message for event in heard if isinstance(event, Warned)]
    page = result.paths["report"].read_text("utf-8")
    assert warning in page
    assert ">21 · detector\u00a098\u00a0%<" in page


def test_reversed_slices_are_compared_with_the_outline_in_their_own_order(
    a_model_folder: Path, a_detector: Detector, tmp_path: Path
):
    hu = head()
    hu[20, 40:50, 40:50] = 66
    image = nib.Nifti1Image(hu[::-1].T, affine() @ np.diag([1, 1, -1, 1]))
    nib.save(image, tmp_path / "down.nii.gz")
    segmenter = FakeSegmenter(models.find(a_model_folder))
    result = segment_case(
        tmp_path / "down.nii.gz", tmp_path / "out", segmenter=segmenter, detector=a_detector
    )
    # 26 slices: the 21st from below is the 6th from above
    assert (
        "Detector: subarachnoid hemorrhage likely on slice 6, nothing outlined there."
        in result.measurements["warnings"]
    )
    assert ">6 · detector\u00a098\u00a0%<" in result.paths["report"].read_text("utf-8")


def test_without_a_detector_a_segmentation_is_as_before(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
):
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    assert result.measurements["detection"] is None
    assert "detect" not in result.measurements["timings_s"]
    assert "Detector" not in result.paths["report"].read_text("utf-8")


def test_an_embedded_detector_judges_unless_it_is_switched_off(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models.store, "EMBEDDED_DETECTOR", write_folder(tmp_path / "detector").path)
    opened: list[str] = []

    def open_bright(model: models.ModelFolder, *how: object) -> Detector:
        opened.append(model.manifest.id)
        return bright_detector(tmp_path / f"bright{len(opened)}")

    pipeline_detection._loaded.cache_clear()
    monkeypatch.setattr(pipeline_detection.Detector, "open", open_bright)
    off = SegmentationSettings(detect=False)
    assert segment_case(a_ct, tmp_path / "a", off, segmenter=a_segmenter).measurements["detection"] is None
    assert not opened
    on = segment_case(a_ct, tmp_path / "b", segmenter=a_segmenter).measurements["detection"]
    assert on["marked_slices"]["hemorrhage"] == BLEEDING
    assert opened == ["bright"]
    pipeline_detection._loaded.cache_clear()


def test_where_the_embedded_detector_cannot_run_a_scan_is_still_outlined(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def without_pytorch(settings: DetectionSettings) -> Detector:
        raise DependencyError("PyTorch is not installed.")

    monkeypatch.setattr(models.store, "EMBEDDED_DETECTOR", write_folder(tmp_path / "detector").path)
    monkeypatch.setattr(pipeline_detection, "load_detector", without_pytorch)
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    assert result.measurements["detection"] is None
    assert result.measurements["total_volume_ml"] > 0
    with pytest.raises(DependencyError):  # what was asked for by name is not left out in silence
        segment_case(a_ct, tmp_path / "b", SegmentationSettings(detector="mine"), segmenter=a_segmenter)


def test_a_detector_that_was_asked_for_must_be_there(a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path):
    with pytest.raises(ModelNotFoundError):
        segment_case(a_ct, tmp_path / "out", SegmentationSettings(detector="nowhere"), segmenter=a_segmenter)
    with pytest.raises(ModelError, match="recipe detector"):
        detect_case(a_ct, tmp_path / "out", DetectionSettings(model=str(a_segmenter.model.path)))


def test_the_command_prints_the_sentence_and_the_likeliest_slices(
    a_ct: Path, a_detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.setattr(pipeline_detection, "load_detector", lambda settings: a_detector)
    assert main(["detect", str(a_ct), "-o", str(tmp_path / "out"), "--threads", "1"]) == 0
    printed = capfd.readouterr().out
    assert "ct: Hemorrhage likely (98 %) on slices" in printed
    rows = [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")]
    assert rows[:5] == ["scan", *(str(index + 1) for index in BLEEDING)]
    assert len(rows) == 6
    assert (tmp_path / "out" / "ct" / "detection.json").is_file()


def test_the_command_speaks_json_lines_when_asked(
    a_ct: Path, a_detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.setattr(pipeline_detection, "load_detector", lambda settings: a_detector)
    assert main(["detect", str(a_ct), "-o", str(tmp_path / "out"), "--events", "jsonl"]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [event["event"] for event in events][:2] == ["process", "started"]
    assert events[-1]["event"] == "result"
    assert set(events[-1]["measurements"]["scan"]) == set(CLASSES)
