"""Batches that are ended from outside, and two of them at once."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from batch_stub import SLEEPS, load_stub, write_scan
from test_batch_run import DEFAULT, settings, table, temporaries, without_times

from ICHSegmentationLib import errors
from ICHSegmentationLib.batch import BatchOptions, run_batch
from ICHSegmentationLib.batch.claim import claimed, worker_present
from ICHSegmentationLib.batch.ledger import Entry, Ledger
from ICHSegmentationLib.events import Event
from ICHSegmentationLib.pipeline import segment_case

STUB = Path(__file__).with_name("batch_stub.py")
PATIENCE_S = 300


@contextmanager
def batch_process(source: Path, out: Path, workers: int = 1, *ray: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(STUB), str(source), str(out), str(DEFAULT), str(workers), *ray]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def events_until(process: subprocess.Popen[str], kind: str, number: int = 1) -> list[dict[str, Any]]:
    """Every event up to the ``number``-th of this kind."""
    assert process.stdout is not None
    heard: list[dict[str, Any]] = []
    for line in process.stdout:
        heard.append(json.loads(line))
        if sum(event["event"] == kind for event in heard) == number:
            break
    return heard


def test_killed_again_and_again_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    scans = [write_scan(source / f"case{number}.nii.gz", shift=number) for number in range(5)]
    chance = random.Random(20)
    for kill in range(3):
        with batch_process(source, out) as process:
            events_until(process, "progress", chance.randint(1, 12))
            process.kill()
            process.communicate(timeout=PATIENCE_S)
        assert not any(row["status"] == "failed" for row in table(out).values()), f"kill {kill}"
    with batch_process(source, out) as process:
        said, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, problems
    assert not any(json.loads(line)["event"] == "failed" for line in said.splitlines())

    rows = table(out)
    assert {case: row["status"] for case, row in rows.items()} == {f"case{n}": "done" for n in range(5)}
    assert not temporaries(out)
    for scan in scans:
        name = scan.name.removesuffix(".nii.gz")
        alone = segment_case(
            scan, tmp_path / "alone", settings(DEFAULT), segmenter=load_stub(settings(DEFAULT))
        )
        assert {path.name for path in (out / name).iterdir()} == {
            path.name for path in alone.folder.iterdir()
        }
        assert (out / name / "segmentation.nii.gz").read_bytes() == alone.paths["mask"].read_bytes()
        measured = json.loads((out / name / "measurements.json").read_text("utf-8"))
        assert without_times(measured) == without_times(json.loads(json.dumps(alone.measurements)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_ends_cleanly_and_leaves_the_rest_for_the_next_start(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / "a.nii.gz")
    write_scan(source / "b.nii.gz", mark=SLEEPS)
    with batch_process(source, out) as process:
        events_until(process, "started", 2)
        with pytest.raises(errors.OutputError, match="Another batch"):
            run_batch(source, out, settings(DEFAULT), BatchOptions())
        process.send_signal(signal.SIGINT)
        _, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == errors.CancelledError.exit_code
    assert problems.splitlines()[0] == "Error: The run was cancelled."
    assert "Traceback" not in problems
    assert {case: row["status"] for case, row in table(out).items()} == {"a": "done", "b": "waiting"}
    assert not temporaries(out)


def test_a_new_batch_waits_until_the_workers_of_a_killed_one_have_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ICHSegmentationLib.batch.claim._PATIENCE_S", 0.1)
    refused = pytest.raises(errors.OutputError, match="worker of an earlier batch")
    with worker_present(tmp_path), worker_present(tmp_path), refused, claimed(tmp_path):
        pass
    with claimed(tmp_path), worker_present(tmp_path):
        pass


def test_the_ledger_takes_all_of_a_change_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    entry = Entry("a", "waiting", "key", None, "stamp", {"case": "a"})
    done = Entry("a", "done", "key", "hash", "stamp", {"case": "a", "total_volume_ml": 1.5})

    def broken() -> Iterator[Entry]:
        yield done
        raise KeyboardInterrupt

    with Ledger.open(path) as ledger:
        ledger.write([entry])
        with pytest.raises(KeyboardInterrupt):
            ledger.write(broken())
        assert ledger.entries() == {"a": entry}
        ledger.write([done])
    with Ledger.open(path) as ledger:
        assert ledger.entries() == {"a": done}


def test_a_damaged_ledger_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / "a.nii.gz")
    (out / ".ichseg-batch").mkdir(parents=True)
    (out / ".ichseg-batch" / "ledger.sqlite").write_text("this is no database, " * 100)
    heard: list[Event] = []
    with pytest.raises(errors.OutputError, match="could not be used"):
        run_batch(source, out, settings(DEFAULT), BatchOptions(), heard.append, load_stub)
    assert not heard
    assert not (out / "a").exists()
