"""The one path, with a segmenter that needs no network."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from fakes import FakeSegmenter, bleeding, head, write_nifti

import ICHSegmentationLib
from ICHSegmentationLib import models
from ICHSegmentationLib.events import Event, Finished, Progress, Started, Warned
from ICHSegmentationLib.pipeline import measure_case, segment_case
from ICHSegmentationLib.settings import SegmentationSettings


def without_times(measurements: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in measurements.items() if k not in ("timings_s", "peak_memory_mb")}


def test_a_case_gives_mask_measurements_report_and_preview(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    folder = tmp_path / "out" / "ct"
    assert {file.name for file in folder.iterdir()} == {
        "segmentation.nii.gz", "measurements.json", "report.html", "preview.png",
    }  # fmt: skip
    assert set(result.paths.values()) == set(folder.resolve().iterdir())

    mask, ct = nib.load(folder / "segmentation.nii.gz"), nib.load(a_ct)
    assert np.array_equal(mask.affine, ct.affine)
    assert np.array_equal(np.asarray(mask.dataobj).T > 0, bleeding(head()))

    measured = json.loads((folder / "measurements.json").read_text("utf-8"))
    assert measured == json.loads(json.dumps(result.measurements))
    assert measured["total_volume_ml"] == pytest.approx(np.count_nonzero(head() == 70) * 20 / 1000)
    assert "Research use only" in (folder / "report.html").read_text("utf-8")
    assert "<title>ct " in (folder / "report.html").read_text("utf-8")


def test_measurements_tell_where_they_come_from(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    measured = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter).measurements
    assert measured["schema_version"] == 1
    assert measured["input"] == {
        "name": "ct.nii.gz",
        "sha256": hashlib.sha256(a_ct.read_bytes()).hexdigest(),
        "shape": [26, 100, 90],
        "spacing_mm": [5.0, 2.0, 2.0],
        "slice_distance_mm": 5.0,
        "tilt_degrees": 0.0,
    }
    manifest = a_segmenter.model.manifest
    assert measured["model"] == {
        "id": "small", "version": "1.0.0", "sha256": manifest.sha256, "licence": "Apache-2.0",
    }  # fmt: skip
    assert measured["device"] == "cpu"
    assert measured["settings"]["measurement"]["connectivity"] == 26
    assert measured["versions"]["ichsegmentation"] == ICHSegmentationLib.__version__
    assert measured["versions"]["numpy"] == np.__version__
    assert measured["warnings"] == ["Nothing but a threshold was used."]
    assert {"read", "load", "locate", "refine", "measure", "report", "write"} <= set(measured["timings_s"])
    assert 20 < measured["peak_memory_mb"] < 100_000
    assert str(tmp_path) not in json.dumps(measured)


def test_events_come_in_order_and_progress_never_runs_back(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    heard: list[Event] = []
    segment_case(a_ct, tmp_path / "out", listen=heard.append, segmenter=a_segmenter)
    assert isinstance(heard[0], Started)
    assert isinstance(heard[-1], Finished)
    assert [event.message for event in heard if isinstance(event, Warned)] == [
        "Nothing but a threshold was used."
    ]
    fractions = [event.fraction for event in heard if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert all(Path(path).is_file() for path in heard[-1].paths.values())


def test_the_same_input_gives_the_same_result_apart_from_times(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    one, two = (segment_case(a_ct, tmp_path / name, segmenter=a_segmenter) for name in ("one", "two"))
    assert one.paths["mask"].read_bytes() == two.paths["mask"].read_bytes()
    assert without_times(one.measurements) == without_times(two.measurements)


def test_an_empty_mask_is_a_result(a_segmenter: FakeSegmenter, tmp_path: Path) -> None:
    without = np.where(head() == 70, 35, head()).astype(np.int16)
    result = segment_case(
        write_nifti(tmp_path / "ct.nii.gz", without), tmp_path / "out", segmenter=a_segmenter
    )
    assert result.measurements["total_volume_ml"] == 0
    assert result.measurements["lesions"] == []
    assert result.paths["report"].is_file()


def test_the_library_offers_both_functions_by_short_names() -> None:
    assert ICHSegmentationLib.segment is segment_case
    assert ICHSegmentationLib.measure is measure_case
    with pytest.raises(AttributeError):
        _ = ICHSegmentationLib.absent


def test_a_loaded_model_is_kept_for_the_next_case_and_loaded_anew_when_it_changed(
    write_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cascade = pytest.importorskip("ICHSegmentationLib.inference.cascade")
    from ICHSegmentationLib.pipeline import load_segmenter

    class Loaded:
        def __init__(self, model: models.ModelFolder, device: str, threads: int | None, engine: str) -> None:
            self.model = model

    monkeypatch.setattr(cascade, "Segmenter", Loaded)
    settings = SegmentationSettings(model=str(write_model(tmp_path / "one")))
    first = load_segmenter(settings)
    assert load_segmenter(settings) is first
    shutil.rmtree(tmp_path / "one")
    write_model(tmp_path / "one", version="2.0.0")
    assert load_segmenter(settings).model.manifest.version == "2.0.0"
