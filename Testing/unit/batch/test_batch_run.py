"""A whole batch: what it leaves behind, and what it does when it is started again."""

import csv
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from batch_stub import CRASHES, FILLS_THE_DISK, IS_HELD, STUMBLES, load_stub, write_scan

from ICHSegmentationLib import errors
from ICHSegmentationLib.batch import BatchOptions, BatchResult, Case, batch, plan_batch, run_batch
from ICHSegmentationLib.batch.fingerprint import settings_sha256
from ICHSegmentationLib.batch.outcome import Outcome
from ICHSegmentationLib.batch.rows import COLUMNS, DETECTED, row_of_outcome
from ICHSegmentationLib.detection import CLASSES
from ICHSegmentationLib.events import BatchProgress, Event, Failed, Finished, Progress
from ICHSegmentationLib.models import ModelFolder, default_model
from ICHSegmentationLib.pipeline import segment_case
from ICHSegmentationLib.settings import SegmentationSettings

DEFAULT = Path("default")
GOOD = ("a", "site_b", "c")


def settings(model: Path, **changes: Any) -> SegmentationSettings:
    return SegmentationSettings(**{"model": str(model), "device": "cpu", "detect": False, **changes})


def table(out_dir: Path) -> dict[str, dict[str, str]]:
    with (out_dir / "summary.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["case"] for row in rows}) == len(rows)
    return {row["case"]: row for row in rows}


def temporaries(out_dir: Path) -> list[Path]:
    kept = {"ledger.sqlite", "batch.lock", "workers.lock"}
    hidden = [path for path in out_dir.rglob("*") if ".ichseg" in path.relative_to(out_dir).as_posix()]
    return [path for path in hidden if path.name not in kept and path.name != ".ichseg-batch"]


def without_times(measurements: dict[str, Any]) -> dict[str, Any]:
    changing = ("timings_s", "peak_memory_mb", "settings")
    return {key: value for key, value in measurements.items() if key not in changing}


@dataclass(frozen=True)
class Ran:
    source: Path
    out: Path
    model: Path
    result: BatchResult
    heard: list[Event]
    in_summary: list[int]
    """How many cases of the summary had ended, at each event of progress."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Three good scans, one that takes its worker down, one that raises in the segmenter, one no image."""
    folder = tmp_path_factory.mktemp("batch")
    source, out = folder / "in", folder / "out"
    write_scan(source / "a.nii.gz")
    write_scan(source / "crash.nii.gz", mark=CRASHES)
    write_scan(source / "site" / "b.nii.gz", shift=2)
    write_scan(source / "stumble.nii.gz", mark=STUMBLES)
    (source / "text.nii.gz").write_text("no image")
    (source / "notes.txt").write_text("a note")
    write_scan(source / "c.nii.gz", shift=4)
    heard: list[Event] = []
    in_summary: list[int] = []

    def listen(event: Event) -> None:
        heard.append(event)
        if isinstance(event, BatchProgress) and (out / "summary.csv").exists():
            in_summary.append(sum(row["status"] != "waiting" for row in table(out).values()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ICHSegmentationLib.batch.batch._REFRESH_S", -1.0)
        result = run_batch(source, out, settings(DEFAULT), BatchOptions(workers=2), listen, load_stub)
    return Ran(source, out, DEFAULT, result, heard, in_summary)


def test_every_case_has_one_row_with_its_status(ran: Ran) -> None:
    status = {case: (row["status"], row["error_code"]) for case, row in table(ran.out).items()}
    assert status == {
        **{case: ("done", "") for case in GOOD},
        "crash": ("failed", "worker_lost"),
        "stumble": ("failed", "internal"),
        "text": ("failed", "not_an_image"),
    }
    assert "exit code 9" in table(ran.out)["crash"]["error"]
    assert "the stub stumbled" in table(ran.out)["stumble"]["error"]
    assert ran.result.exit_code == errors.WorkerLostError.exit_code
    assert not temporaries(ran.out)


def test_a_result_is_what_one_case_alone_gives(ran: Ran, tmp_path: Path) -> None:
    alone = segment_case(
        ran.source / "a.nii.gz", tmp_path, settings(ran.model), segmenter=load_stub(settings(ran.model))
    )
    folder = ran.out / "a"
    assert {path.name for path in folder.iterdir()} == {path.name for path in alone.folder.iterdir()}
    assert (folder / "segmentation.nii.gz").read_bytes() == alone.paths["mask"].read_bytes()
    measured = json.loads((folder / "measurements.json").read_text("utf-8"))
    assert without_times(measured) == without_times(json.loads(json.dumps(alone.measurements)))
    row = table(ran.out)["a"]
    assert (
        float(row["total_volume_ml"]) == float(row["hemorrhage_ml"]) == alone.measurements["total_volume_ml"]
    )
    assert float(row["tada_total_ml"]) == alone.measurements["tada_total_ml"]
    assert row["lesions"] == "1"
    assert row["warnings"].count("Nothing but a threshold was used.") == 1


def test_the_json_tells_the_same_and_where_it_comes_from(ran: Ran) -> None:
    document = json.loads((ran.out / "summary.json").read_text("utf-8"))
    assert document["counts"] == {"done": 3, "failed": 3, "waiting": 0, "left out": 0}
    assert document["model"]["id"] == default_model().manifest.id
    assert len(document["model"]["sha256"]) == 64
    assert document["settings"]["format"] == "nii.gz"
    assert document["versions"]["numpy"] == np.__version__
    assert document["other_files"] == {".txt": 1}
    rows = table(ran.out)
    assert [case["case"] for case in document["cases"]] == list(rows)
    for case in document["cases"]:
        assert (str(case["total_volume_ml"]) if case["total_volume_ml"] else "") == rows[case["case"]][
            "total_volume_ml"
        ]


def test_the_summary_grows_while_the_batch_runs(ran: Ran) -> None:
    assert ran.in_summary == [0, 1, 2, 3, 4, 5]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attributes if name in ("src", "href") and value]


def test_the_page_stands_alone_and_links_to_what_is_there(ran: Ran) -> None:
    text = (ran.out / "index.html").read_text("utf-8")
    links = Page(text).links
    assert {f"{case}/preview.png" for case in GOOD} <= set(links)
    assert all((ran.out / link).is_file() for link in links), links
    assert "Research use only" in text
    assert not re.search(r"https?://", text)
    assert text.count("<tr data-status=") == 6


def test_events_tell_of_each_case_once_and_of_the_whole(ran: Ran) -> None:
    assert sorted(event.case for event in ran.heard if isinstance(event, Finished)) == sorted(GOOD)
    failed = [event.case for event in ran.heard if isinstance(event, Failed)]
    assert sorted(failed) == ["crash", "stumble", "text"]
    assert {event.case for event in ran.heard if isinstance(event, Progress)} >= set(GOOD)
    told = [event for event in ran.heard if isinstance(event, BatchProgress)]
    assert [event.done + event.failed for event in told] == list(range(7))
    assert {event.done + event.failed + event.left for event in told} == {6}
    assert told[-1].remaining_s == 0
    assert told[-1].cases_per_minute is not None


def test_a_second_start_does_nothing_more_and_tells_the_same(ran: Ran) -> None:
    before = {path: path.stat().st_mtime_ns for path in ran.out.glob("*/measurements.json")}
    rows = table(ran.out)
    heard: list[Event] = []
    again = run_batch(ran.source, ran.out, settings(ran.model), BatchOptions(), heard.append, load_stub)
    assert [event.to_dict()["event"] for event in heard] == ["batch"]
    assert (heard[0].done, heard[0].failed, heard[0].left) == (3, 3, 0)  # type: ignore[attr-defined]
    assert table(ran.out) == rows
    assert {path: path.stat().st_mtime_ns for path in ran.out.glob("*/measurements.json")} == before
    assert again.exit_code == ran.result.exit_code


def test_other_settings_are_refused_instead_of_replacing_results(ran: Ran) -> None:
    rows = table(ran.out)
    with pytest.raises(errors.OutputExistsError, match=r"3: a, c, site_b"):
        run_batch(ran.source, ran.out, settings(ran.model, uncertainty=True), BatchOptions(), load=load_stub)
    assert table(ran.out) == rows


def actions(ran: Ran, **options: Any) -> dict[str, str]:
    changed = {key: options.pop(key) for key in ("overwrite", "uncertainty") if key in options}
    planned, _ = plan_batch(ran.source, ran.out, settings(ran.model, **changed), BatchOptions(**options))
    return {each.case.name: each.action for each in planned}


def test_failed_cases_are_done_again_only_on_demand_or_when_their_input_has_changed(ran: Ran) -> None:
    failed, good = dict.fromkeys(["crash", "stumble", "text"], "failed before"), dict.fromkeys(GOOD, "done")
    assert actions(ran) == failed | good
    assert actions(ran, retry=True) == dict.fromkeys(failed, "do") | good
    write_scan(ran.source / "text.nii.gz")
    assert actions(ran) == failed | good | {"text": "do"}
    (ran.source / "text.nii.gz").write_text("no image")
    assert actions(ran) == failed | good


def test_a_changed_scan_is_known_by_its_content_and_its_old_result_kept(ran: Ran) -> None:
    scan = ran.source / "a.nii.gz"
    content = scan.read_bytes()
    scan.write_bytes(content)  # another time, the same content
    assert actions(ran)["a"] == "done"
    write_scan(scan, shift=7)
    assert actions(ran)["a"] == "in the way"
    assert actions(ran, overwrite=True)["a"] == "do"
    assert actions(ran, overwrite=True)["c"] == "done"
    scan.write_bytes(content)


def test_a_result_that_was_taken_away_is_made_again(ran: Ran) -> None:
    (ran.out / "c" / "measurements.json").rename(ran.out / "c" / "elsewhere.json")
    assert actions(ran)["c"] == "do"
    (ran.out / "c" / "elsewhere.json").rename(ran.out / "c" / "measurements.json")


def test_a_full_disk_ends_the_batch_and_keeps_what_was_done_for_the_next_start(
    a_model_folder: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / "a.nii.gz")
    write_scan(source / "b.nii.gz", mark=FILLS_THE_DISK)
    write_scan(source / "c.nii.gz")
    with pytest.raises(errors.ICHError) as raised:
        run_batch(source, out, settings(a_model_folder), BatchOptions(workers=1), load=load_stub)
    assert (raised.value.code, raised.value.exit_code) == ("disk_full", errors.DiskFullError.exit_code)
    status = {case: row["status"] for case, row in table(out).items()}
    assert status == {"a": "done", "b": "waiting", "c": "waiting"}
    assert not temporaries(out)
    made = (out / "a" / "measurements.json").stat().st_mtime_ns

    write_scan(source / "b.nii.gz")
    result = run_batch(source, out, settings(a_model_folder), BatchOptions(workers=1), load=load_stub)
    assert result.exit_code == 0
    assert {row["status"] for row in table(out).values()} == {"done"}
    assert (out / "a" / "measurements.json").stat().st_mtime_ns == made


def test_a_table_with_masks_is_measured_without_a_model(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "scans" / "DOE^JOHN.nii.gz")
    image = nib.load(scan)
    mask = (np.asarray(image.dataobj) == 70).astype(np.uint8) * 5
    nib.save(nib.Nifti1Image(mask, image.affine), tmp_path / "mask of DOE.nii.gz")
    (tmp_path / "list.csv").write_text(
        "case,path,mask,arm,status\n"
        "001,scans/DOE^JOHN.nii.gz,mask of DOE.nii.gz,active,alive\n"
        "002,scans/ROE^JANE.nii.gz,mask of DOE.nii.gz,placebo,dead\n"
    )
    out = tmp_path / "out"
    run_batch(tmp_path / "list.csv", out, settings(tmp_path / "no model"), BatchOptions(workers=1))
    rows = table(out)
    assert (rows["001"]["status"], rows["001"]["arm"], rows["001"]["input_status"]) == (
        "done",
        "active",
        "alive",
    )
    voxels_ml = np.count_nonzero(mask) * 20 / 1000
    assert float(rows["001"]["subdural_ml"]) == pytest.approx(voxels_ml)
    assert (rows["002"]["status"], rows["002"]["error_code"]) == ("failed", "input")
    written = [path for path in out.rglob("*") if path.is_file()]
    assert not [path for path in written if b"DOE" in path.read_bytes() or b"ROE" in path.read_bytes()]


def test_a_name_with_blanks_around_it_stands_in_the_summary_as_in_the_table(tmp_path: Path) -> None:
    given = {"001": "001 ", "002": "\t002", "003": ""}
    lines = [f"{text or name},absent.nii.gz,mask.nii.gz" for name, text in given.items()]
    (tmp_path / "list.csv").write_text("\n".join(["case,path,mask", *lines]))
    out = tmp_path / "out"
    run_batch(tmp_path / "list.csv", out, settings(tmp_path / "no model"), BatchOptions(workers=1))
    assert {name: row["input_case"] for name, row in table(out).items()} == given


def test_results_name_patients_only_where_the_summary_may_too(tmp_path: Path) -> None:
    with pytest.raises(errors.InputError, match="may tell whom its scans show"):
        run_batch(tmp_path, tmp_path / "out", settings(tmp_path, keep_identifiers=True), BatchOptions())
    assert not (tmp_path / "out").exists()


def test_a_row_tells_what_the_detector_says_and_nothing_where_none_judged() -> None:
    measured = {"total_volume_ml": 0.0, "lesions": [], "warnings": [], "detection": None}
    scan = {label: number / 10 for number, label in enumerate(CLASSES)}
    seen = {**measured, "detection": {"likely": True, "scan": scan}}
    rows = [
        row_of_outcome(Case("a", ()), Outcome("a", 1.0, None, Finished("a", {}, each)))
        for each in (measured, seen)
    ]
    assert {rows[0][column] for column in ("detected", *DETECTED)} == {None}
    assert rows[1]["detected"] is True
    assert (rows[1]["detected_hemorrhage"], rows[1]["detected_subdural"]) == (0.0, 0.5)
    assert set(rows[1]) - {"input"} == set(COLUMNS)


def test_another_detector_is_another_setting(a_model_folder: Path) -> None:
    model, plain = default_model(), SegmentationSettings()
    other = ModelFolder.open(a_model_folder)
    keys = {settings_sha256(plain, model, detector) for detector in (None, model, other)}
    assert len(keys) == 3


def test_a_result_that_another_program_holds_open_fails_alone(a_model_folder: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / "a.nii.gz", mark=IS_HELD)
    write_scan(source / "b.nii.gz")
    result = run_batch(source, out, settings(a_model_folder), BatchOptions(workers=1), load=load_stub)
    assert result.exit_code == errors.NotWritableError.exit_code
    assert {case: row["status"] for case, row in table(out).items()} == {"a": "failed", "b": "done"}


def test_a_table_that_excel_shows_holds_up_no_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on Windows, from the second time on that it is written until the batch ends."""
    write = batch.write_summary
    times: list[Path] = []

    def held(out_dir: Path, *content: Any) -> None:
        times.append(out_dir)
        if 1 < len(times) < 4:
            raise errors.NotWritableError("Expected to write summary.csv, but that is not permitted.")
        write(out_dir, *content)

    for number in range(2):
        write_scan(tmp_path / "in" / f"{number}.nii.gz", shift=number)
    monkeypatch.setattr(batch, "write_summary", held)
    monkeypatch.setattr(batch, "_REFRESH_S", -1.0)
    run_batch(tmp_path / "in", tmp_path / "out", settings(DEFAULT), BatchOptions(workers=1), load=load_stub)
    assert {row["status"] for row in table(tmp_path / "out").values()} == {"done"}
    assert len(times) == 4
    assert "not up to date" in caplog.text
