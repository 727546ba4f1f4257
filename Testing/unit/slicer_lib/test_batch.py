"""Several scans: found, followed line by line, and summed up."""

from __future__ import annotations

import csv
import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ICHSegmentationSlicerLib import database_scans
from ICHSegmentationSlicerLib.batch_run import BatchLine, BatchRun
from ICHSegmentationSlicerLib.batch_scans import scans_in
from ICHSegmentationSlicerLib.database_scans import gather_series
from ICHSegmentationSlicerLib.outcome import Outcome

from ICHSegmentationLib.errors import DiskFullError, InputError
from ICHSegmentationLib.events import Event, Failed, Finished, Progress, Started
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.settings import SegmentationSettings

sys.path.append(str(Path(__file__).parents[1] / "io"))
from dicom_maker import head_series, write_series

MEASURED = {"total_volume_ml": 12.5, "subtypes": {"subdural": 12.5}, "lesions": [{"id": 1}, {"id": 2}]}


def write_dicom(folder: Path, name: str = "0001") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(bytes(128) + b"DICM" + bytes(10))


def test_images_and_dicom_folders_are_found_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.nii.gz", "a.NRRD", "a.seg.nrrd", "notes.txt", ".hidden.nii", "deep/c.mha"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    write_dicom(tmp_path / "patient" / "series")
    write_dicom(tmp_path / "patient" / "series" / "below")
    write_dicom(tmp_path / "ending", "1.dcm")
    result = tmp_path / "earlier"
    result.mkdir()
    for name in ("measurements.json", "segmentation.nii.gz"):
        (result / name).write_text("x")
    found = [scan.relative_to(tmp_path).as_posix() for scan in scans_in(tmp_path)]
    assert found == ["a.NRRD", "b.nii.gz", "deep/c.mha", "ending", "patient/series"]


def test_scans_among_which_results_were_written_are_found_again(tmp_path: Path) -> None:
    for name in ("ct.nii.gz", "summary.csv", "ct/measurements.json", "ct/uncertainty.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("detection.json", "heatmap_any.nii.gz"):
        (tmp_path / "detected").mkdir(exist_ok=True)
        (tmp_path / "detected" / name).touch()
    assert scans_in(tmp_path) == [tmp_path / "ct.nii.gz"]


def test_a_folder_that_is_itself_a_series_is_one_scan(tmp_path: Path) -> None:
    write_dicom(tmp_path)
    assert scans_in(tmp_path) == [tmp_path]


def test_a_folder_without_scans_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match="found none"):
        scans_in(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        scans_in(tmp_path / "missing")


def test_a_folder_below_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open.nii").touch()
    (tmp_path / "closed").mkdir()
    entries = Path.iterdir

    def iterdir(folder: Path) -> Any:
        if folder.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return entries(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(InputError, match="closed cannot be read: Permission denied"):
        scans_in(tmp_path)


class Database:
    """Two patients: one with a scout, a CT and an MR, and one without images."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            f"{kind}-{number}": [str(folder / f"{kind}-{number}-{i}") for i in range(number)]
            for kind, number in (("CT", 2), ("CT", 6), ("MR", 6))
        }
        for path in (path for paths in self.files.values() for path in paths):
            Path(path).write_text(path)

    def studiesForPatient(self, patient: str) -> list[str]:
        return ["study"] if patient == "1" else []

    def seriesForStudy(self, study: str) -> list[str]:
        return list(self.files)

    def filesForSeries(self, series: str) -> list[str]:
        return self.files[series]

    def fileValue(self, file: str, tag: str) -> str:
        kind = Path(file).name[:2]
        named = {"0008,0060": kind, "0008,103e": f"{kind} Kopf 5.0/H31s"}
        return {**named, "0010,0020": "A/7", "0008,0020": "20240131"}[tag]


def test_the_ct_series_of_selected_patients_get_folders_of_their_own(tmp_path: Path) -> None:
    database = Database(tmp_path)
    (folder,) = gather_series(database, ["1", "2"], tmp_path)
    assert (folder.parent.name, folder.name[:-12]) == ("A_7-20240131", "CT_Kopf_5_0_H31s-")
    assert sorted(file.read_text() for file in folder.iterdir()) == sorted(database.files["CT-6"])
    (again,) = gather_series(database, ["1"], tmp_path)
    assert again != folder
    assert again.name == folder.name


def test_slices_of_the_database_that_lie_unevenly_keep_their_places(tmp_path: Path) -> None:
    series = head_series(7)
    heights = np.array([0, 2.5, 5, 7.5, 10, 20, 30])
    series.positions = series.positions[0] + heights[:, np.newaxis] * [0.0, 0.0, 1.0]
    database = Database(tmp_path)
    files = write_series(series, tmp_path / "series", names=[f"CT-{n}" for n in range(7)])
    database.files = {"CT-7": [str(file) for file in files]}
    (folder,) = gather_series(database, ["1"], tmp_path)
    np.testing.assert_allclose(read_ct(folder).slice_positions_mm, heights)


def test_no_two_series_of_the_database_go_by_one_name(tmp_path: Path) -> None:
    """Results go by it: what was found on another patient must not be there already."""
    database = Database(tmp_path)
    (first,) = gather_series(database, ["1"], tmp_path)
    database.files = {"CT-other": database.files["CT-6"]}
    (second,) = gather_series(database, ["1"], tmp_path)
    assert second.name != first.name


@pytest.mark.parametrize("patients", [[], ["2"]], ids=["nobody", "one without a CT"])
def test_a_selection_without_a_ct_is_told(tmp_path: Path, patients: list[str]) -> None:
    with pytest.raises(InputError, match="DICOM module"):
        gather_series(Database(tmp_path), patients, tmp_path)


def test_a_series_whose_files_have_gone_is_told_with_whose_it_is(tmp_path: Path) -> None:
    database = Database(tmp_path)
    Path(database.files["CT-6"][3]).unlink()
    with pytest.raises(InputError, match="no longer there: A_7-20240131"):
        gather_series(database, ["1"], tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_copy_that_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(source: Path, place: Path) -> None:
        place.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(database_scans, "link_or_copy", fill)
    with pytest.raises(DiskFullError):
        gather_series(Database(tmp_path), ["1"], tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


class PlannedBatch:
    """A batch over ``a``, ``b`` and ``c``, whose worker says what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard: list[Event] = []
        self.outcomes: list[Outcome] = []
        self.run = BatchRun(self._make, self.heard.append, self.outcomes.append)
        scans = [folder / f"{name}.nii.gz" for name in "abc"]
        self.run.start_all(scans, folder / "out", SegmentationSettings())

    def _make(self, hear: Callable[[Event], None], end: Callable[[Outcome], None]) -> PlannedBatch:
        self.tell, self.end = hear, end
        return self

    def start_all(self, scans: list[Path], out_dir: Path, settings: SegmentationSettings) -> None:
        self.scans = scans

    def cancel(self) -> None:
        self.cancelled = True

    def states(self) -> list[str]:
        return [line.state for line in self.run.lines]

    def summary(self) -> list[dict[str, Any]]:
        with (self.folder / "out" / "summary.csv").open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))


def test_each_scan_has_a_line_that_tells_how_far_it_is(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    assert batch.states() == ["waiting"] * 3
    batch.tell(Started("a", "a.nii.gz"))
    batch.tell(Progress("a", "refine", 0.6))
    assert batch.run.lines[0] == BatchLine(batch.scans[0], "a", "running", "refine", 0.6)
    assert batch.run.fraction == pytest.approx(0.2)
    batch.tell(Finished("a", {}, MEASURED))
    batch.tell(Started("b", "b.nii.gz"))
    batch.tell(Failed("b", "no_head", "Expected a head, found air."))
    assert batch.states() == ["done", "failed", "waiting"]
    assert batch.run.fraction == pytest.approx(2 / 3)
    assert len(batch.heard) == 5


def test_the_summary_grows_with_every_scan_and_says_why_one_failed(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    batch.tell(Started("a", "a.nii.gz"))
    batch.tell(Finished("a", {}, MEASURED))
    first = batch.summary()
    assert [row["state"] for row in first] == ["done", "waiting", "waiting"]
    assert (first[0]["total_volume_ml"], first[0]["subdural_ml"], first[0]["epidural_ml"]) == (
        "12.5", "12.5", "0.0",
    )  # fmt: skip
    assert first[0]["lesions"] == "2"
    batch.tell(Started("b", "b.nii.gz"))
    batch.tell(Failed("b", "no_head", "Expected a head, found air."))
    assert batch.summary()[1]["message"] == "Expected a head, found air."
    assert batch.summary()[1]["total_volume_ml"] == ""


def test_scans_not_reached_say_so_when_the_process_dies_or_is_cancelled(tmp_path: Path) -> None:
    for kind, state in (("failed", "failed"), ("cancelled", "cancelled")):
        batch = PlannedBatch(tmp_path)
        batch.tell(Started("a", "a.nii.gz"))
        batch.tell(Finished("a", {}, MEASURED))
        batch.tell(Started("b", "b.nii.gz"))
        batch.end(Outcome(kind, message="It ended."))
        assert batch.states() == ["done", state, state]
        assert batch.summary()[2]["message"] == "It ended."
        assert [outcome.kind for outcome in batch.outcomes] == [kind]


def test_an_earlier_result_counts_as_done(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    for name in "abc":
        folder = tmp_path / "out" / name
        folder.mkdir(parents=True)
        (folder / "measurements.json").write_text(json.dumps(MEASURED))
        batch.tell(Started(name, f"{name}.nii.gz"))
        batch.tell(Failed(name, "output_exists", "There is an earlier result."))
    batch.end(Outcome("failed", "output_exists", "There is an earlier result."))
    assert batch.states() == ["done"] * 3
    assert [event.measurements for event in batch.heard if isinstance(event, Finished)] == [MEASURED] * 3
    assert batch.outcomes[0].kind == "done"
    assert "earlier result" in batch.summary()[0]["message"]


def test_the_result_of_another_scan_does_not_count_as_done(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "measurements.json").write_text(json.dumps(MEASURED))
    batch.tell(Started("a", "a.nii.gz"))
    batch.tell(Failed("a", "other_scans_result", "It is of another scan."))
    assert batch.states()[0] == "failed"
    assert batch.summary()[0]["total_volume_ml"] == ""


def test_scans_whose_names_are_no_text_have_their_lines(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    batch.run.lines[0] = BatchLine(tmp_path / "m\udcfcller.nii", "m\ufffdller")
    batch.tell(Failed("", "input", "None."))
    assert batch.summary()[0]["scan"] == str(tmp_path / "m\ufffdller.nii")


def test_a_summary_that_could_not_be_written_is_known_until_it_is(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    in_the_way = tmp_path / "out" / "summary.csv" / "x"
    in_the_way.mkdir(parents=True)
    batch.tell(Started("a", "a.nii.gz"))
    batch.tell(Finished("a", {}, MEASURED))
    assert "summary.csv" in batch.run.summary_trouble
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    batch.end(Outcome("cancelled"))
    assert batch.run.summary_trouble == ""


@pytest.mark.parametrize("told", [True, False], ids=["each scan failed", "the process died"])
def test_what_the_process_wrote_last_is_told_where_a_scan_did_not_come_to_its_own_end(
    tmp_path: Path, told: bool
) -> None:
    batch = PlannedBatch(tmp_path)
    for name in "abc" if told else "a":
        batch.tell(Started(name, f"{name}.nii.gz"))
        batch.tell(Failed(name, "no_head", "Expected a head, found air."))
    batch.end(Outcome("failed", "no_head", "Expected a head, found air.", "Choose others.", "a warning"))
    assert ("a warning" in batch.outcomes[0].advice) is not told
    assert batch.outcomes[0].advice.startswith("Choose others.")


def test_a_batch_that_never_started_fails_every_line(tmp_path: Path) -> None:
    batch = PlannedBatch(tmp_path)
    batch.tell(Failed("", "not_started", "python could not be started."))
    batch.end(Outcome("failed", "not_started", "python could not be started."))
    assert batch.states() == ["failed"] * 3
