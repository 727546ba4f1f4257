"""The one path, with a segmenter that needs no network."""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from fakes import FakeSegmenter, bleeding, head, write_nifti

import ICHSegmentationLib
from ICHSegmentationLib import models
from ICHSegmentationLib.errors import (
    DependencyError,
    DiskFullError,
    GridMismatchError,
    InsufficientMemoryError,
    ModelNotFoundError,
    ModelTamperedError,
    NotHounsfieldError,
    OutputExistsError,
    UnknownLabelError,
)
from ICHSegmentationLib.events import Event, Finished, Progress, Started, Warned
from ICHSegmentationLib.io import read_ct, write_mask
from ICHSegmentationLib.pipeline import case_name, case_names, measure_case, provenance, segment_case
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import Volume


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    return write_nifti(tmp_path / "ct.nii.gz", head())


@pytest.fixture
def a_segmenter(a_model_folder: Path) -> FakeSegmenter:
    return FakeSegmenter(models.find(a_model_folder))


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


def test_the_map_of_uncertainty_is_written_when_asked_for_on_the_scans_grid(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    doubt = (head() == 35).astype(np.uint8) * 50
    a_segmenter.unsure = doubt
    settings = SegmentationSettings(uncertainty=True)
    result = segment_case(a_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    written, ct = nib.load(result.paths["uncertainty"]), nib.load(a_ct)
    assert result.paths["uncertainty"].name == "uncertainty.nii.gz"
    assert np.array_equal(written.affine, ct.affine)
    assert np.array_equal(np.asarray(written.dataobj).T, doubt)


def test_a_second_look_is_asked_for_in_the_numbers_and_on_the_page_with_or_without_the_map(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    a_segmenter.unsure = (head() == 35).astype(np.uint8) * 50
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    told = result.measurements["uncertainty"]
    assert told["second_look"] is True
    assert told["unsure_ml"] == pytest.approx(np.count_nonzero(head() == 35) * 20 / 1000)
    assert "This case needs a second look" in result.paths["report"].read_text("utf-8")
    assert "uncertainty" not in result.paths


def test_a_thick_sliced_scan_needs_a_second_look(a_segmenter: FakeSegmenter, tmp_path: Path) -> None:
    image = nib.Nifti1Image(head().T, np.diag([-2.0, -2.0, 8.0, 1.0]))
    nib.save(image, tmp_path / "ct.nii.gz")
    result = segment_case(tmp_path / "ct.nii.gz", tmp_path / "out", segmenter=a_segmenter)
    assert "8.0 mm apart" in result.measurements["uncertainty"]["reasons"][0]


def test_a_mask_that_a_person_drew_has_no_uncertainty(a_ct: Path, tmp_path: Path) -> None:
    mask = write_nifti(tmp_path / "mask.nii.gz", bleeding(head()))
    assert measure_case(a_ct, mask, tmp_path / "out").measurements["uncertainty"] is None


def test_an_earlier_result_stops_the_run_before_the_work_starts(a_ct: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "out" / "ct" / "measurements.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("earlier")
    heard: list[Event] = []
    with pytest.raises(OutputExistsError):
        segment_case(a_ct, tmp_path / "out", listen=heard.append)
    assert not [event for event in heard if isinstance(event, Progress)]
    assert earlier.read_text() == "earlier"


def test_an_earlier_result_is_replaced_when_asked(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    (tmp_path / "out" / "ct").mkdir(parents=True)
    (tmp_path / "out" / "ct" / "measurements.json").write_text("earlier")
    settings = SegmentationSettings(overwrite=True, format="nrrd")
    result = segment_case(a_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    assert json.loads(result.paths["measurements"].read_text("utf-8"))["schema_version"] == 1
    assert result.paths["mask"].name == "segmentation.nrrd"


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


def test_a_given_mask_is_measured_like_a_segmented_one(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    drawn = write_nifti(tmp_path / "drawn.nii.gz", bleeding(head()))
    measured = measure_case(a_ct, drawn, tmp_path / "measured").measurements
    plain = SegmentationSettings(subtypes=False)
    segmented = segment_case(a_ct, tmp_path / "segmented", plain, segmenter=a_segmenter).measurements
    assert measured["lesions"] == segmented["lesions"]
    assert measured["total_volume_ml"] == segmented["total_volume_ml"]
    assert measured["model"] is None
    assert measured["mask"] == {
        "name": "drawn.nii.gz",
        "sha256": hashlib.sha256(drawn.read_bytes()).hexdigest(),
    }


def test_a_mask_on_another_grid_or_with_an_unknown_label_is_refused(a_ct: Path, tmp_path: Path) -> None:
    smaller = write_nifti(tmp_path / "smaller.nii.gz", bleeding(head())[1:])
    with pytest.raises(GridMismatchError):
        measure_case(a_ct, smaller, tmp_path / "out")
    strange = write_nifti(tmp_path / "strange.nii.gz", bleeding(head()) * np.uint8(77))
    with pytest.raises(UnknownLabelError, match="77"):
        measure_case(a_ct, strange, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_slicer_segmentation_cut_to_its_segments_measures_as_the_whole_mask(
    a_ct: Path, tmp_path: Path
) -> None:
    ct, whole = read_ct(a_ct), bleeding(head())
    corner = np.argwhere(whole).min(axis=0)
    cut = np.array(ct.affine)
    cut[:3, 3] = ct.grid.world(corner)
    box = whole[tuple(slice(n, None) for n in corner)]
    write_mask(Volume(box, cut), tmp_path / "cut.seg.nrrd")
    measured = measure_case(a_ct, tmp_path / "cut.seg.nrrd", tmp_path / "out").measurements
    expected = measure_case(
        a_ct, write_nifti(tmp_path / "whole.nii.gz", whole), tmp_path / "out2"
    ).measurements
    assert measured["total_volume_ml"] > 1
    assert measured["lesions"] == expected["lesions"]


def test_the_library_offers_both_functions_by_short_names() -> None:
    assert ICHSegmentationLib.segment is segment_case
    assert ICHSegmentationLib.measure is measure_case
    with pytest.raises(AttributeError):
        _ = ICHSegmentationLib.absent


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


def test_the_hash_of_a_folder_sees_names_and_content_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "1").write_bytes(b"one")
    (folder / "2").write_bytes(b"two")
    original = provenance.sha256_of(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert provenance.sha256_of(copy) == original
    (copy / "2").rename(copy / "3")
    assert provenance.sha256_of(copy) != original
    (copy / "3").rename(copy / "2")
    (copy / "2").write_bytes(b"TWO")
    assert provenance.sha256_of(copy) != original


@pytest.mark.parametrize(("header", "beside"), [("ct.mhd", "ct.zraw"), ("ct.nhdr", "ct.raw.gz")])
def test_the_hash_of_a_header_covers_the_voxels_that_it_names(
    tmp_path: Path, header: str, beside: str
) -> None:
    hashes = set()
    for value in (1, 2):
        image = sitk.GetImageFromArray(np.full((3, 4, 5), value, np.int16))
        sitk.WriteImage(image, str(tmp_path / header), useCompression=True)
        assert (tmp_path / beside).exists()
        hashes.add(provenance.sha256_of(tmp_path / header))
        (tmp_path / "ct.notes").write_text(str(value))  # named alike, and no part of the scan
        hashes.add(provenance.sha256_of(tmp_path / header))
    assert len(hashes) == 2


def test_a_damaged_header_has_a_hash_too_and_what_is_no_plain_file_has_none(tmp_path: Path) -> None:
    (tmp_path / "ct.mhd").write_bytes(b"no header")
    assert provenance.sha256_of(tmp_path / "ct.mhd") == hashlib.sha256(b"no header").hexdigest()
    for place in (tmp_path / "absent.mhd", Path("/dev/zero")):
        with pytest.raises(OSError, match="plain file"):
            provenance.sha256_of(place)


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
