"""Batches whose workers are actors of Ray, on a cluster of two make-believe machines and on a local one."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from batch_stub import (
    CRASHES,
    PATHS,
    ROOT,
    SLEEPS,
    WAITS_ONCE,
    WAITS_ONCE_TOO,
    load_stub,
    load_waiting,
    write_scan,
)
from fakes import bleeding, write_nifti
from test_batch_ended import PATIENCE_S, batch_process, events_until
from test_batch_run import DEFAULT, settings, table, temporaries, without_times

from ICHSegmentationLib import errors
from ICHSegmentationLib.batch import BatchOptions, run_batch
from ICHSegmentationLib.batch.ray_cluster import Share
from ICHSegmentationLib.events import Event, Failed, Finished, Started
from ICHSegmentationLib.pipeline import segment_case

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray is on trial there, and ends otherwise")


@dataclass(frozen=True)
class Machines:
    """A Ray cluster of two machines with a core each; this process, and so the batch, is on the first.

    Attributes:
        first_pid: of the process that is Ray on the first machine, the parent of its workers.
    """

    address: str
    first_pid: int


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80_000_000, "memory": 10 * 10**9}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join([*PATHS, os.environ.get("PYTHONPATH", "")]))
        cluster = Cluster()
        try:
            try:
                first = cluster.add_node(include_dashboard=False, **small)
                cluster.add_node(**small)
            except Exception as error:  # Ray has none of its own for this
                if "timed out during startup" not in str(error):
                    raise
                pytest.skip("this machine is too slow for Ray's patience with its own start")
            yield Machines(cluster.address, first.all_processes["raylet"][0].process.pid)
        finally:
            cluster.shutdown()


def end_those_who_wait(told: list[Path], first_pid: int) -> threading.Thread:
    """When workers on both machines wait: kill that on the first, and the second machine with all on it."""

    def end() -> None:
        until = time.monotonic() + PATIENCE_S
        while not all(path.exists() for path in told) and time.monotonic() < until:
            time.sleep(0.05)
        for path in told:
            worker, machine = map(int, path.read_text().split())
            os.kill(worker if machine == first_pid else machine, signal.SIGKILL)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    return thread


def test_a_lost_machine_and_a_lost_worker_lose_no_case(machines: Machines, tmp_path: Path) -> None:
    source, out, waiting = tmp_path / "in", tmp_path / "out", tmp_path / "waiting"
    waiting.mkdir()
    marks = {"a waits": WAITS_ONCE, "b waits": WAITS_ONCE_TOO, "crash": CRASHES}
    names = [*marks, "d", "e"]
    scans = {
        name: write_scan(source / f"{name}.nii.gz", shift, marks.get(name, -1000))
        for shift, name in enumerate(names)
    }
    told = [waiting / str(mark) for mark in (WAITS_ONCE, WAITS_ONCE_TOO)]
    ender = end_those_who_wait(told, machines.first_pid)
    heard: list[Event] = []
    load = partial(load_waiting, waiting)
    options = BatchOptions(ray=machines.address)
    result = run_batch(source, out, settings(DEFAULT), options, heard.append, load)
    ender.join(PATIENCE_S)

    good = [name for name in names if name != "crash"]
    rows = table(out)
    assert {case: (row["status"], row["error_code"]) for case, row in rows.items()} == {
        **{name: ("done", "") for name in good},
        "crash": ("failed", "worker_lost"),
    }
    assert "3 workers were lost" in rows["crash"]["error"]
    assert result.exit_code == errors.WorkerLostError.exit_code
    assert sorted(event.case for event in heard if isinstance(event, Finished)) == good
    assert [event.case for event in heard if isinstance(event, Failed)] == ["crash"]
    begun = [event.case for event in heard if isinstance(event, Started)]
    assert [begun.count(name) for name in ("a waits", "b waits", "d", "e")] == [2, 2, 1, 1]
    assert not temporaries(out)

    for name in good:
        alone = segment_case(
            scans[name], tmp_path / "alone", settings(DEFAULT), segmenter=load(settings(DEFAULT))
        )
        assert (out / name / "segmentation.nii.gz").read_bytes() == alone.paths["mask"].read_bytes()
        measured = json.loads((out / name / "measurements.json").read_text("utf-8"))
        assert without_times(measured) == without_times(json.loads(json.dumps(alone.measurements)))

    again: list[Event] = []  # the same journal: workers of this machine find nothing left to do
    run_batch(source, out, settings(DEFAULT), BatchOptions(), again.append, load_stub)
    assert [event.to_dict()["event"] for event in again] == ["batch"]
    assert table(out) == rows


def test_ctrl_c_ends_it_cleanly_and_the_rest_waits(machines: Machines, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_scan(source / "a.nii.gz")
    write_scan(source / "b.nii.gz", mark=SLEEPS)
    with batch_process(source, out, 1, machines.address) as process:
        events_until(process, "started", 2)
        process.send_signal(signal.SIGINT)
        _, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == errors.CancelledError.exit_code, problems
    assert "Traceback" not in problems
    assert {case: row["status"] for case, row in table(out).items()} == {"a": "done", "b": "waiting"}
    assert not temporaries(out)


def test_a_local_ray_measures_masks_and_ends_with_the_batch(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "ct.nii.gz")
    write_nifti(tmp_path / "mask.nii.gz", bleeding(np.asarray(nib.load(scan).dataobj).T))
    (tmp_path / "list.csv").write_text(
        "case,path,mask\n001,ct.nii.gz,mask.nii.gz\n002,gone.nii.gz,mask.nii.gz\n"
    )
    command = [sys.executable, "-m", "ICHSegmentationLib", "batch", "list.csv", "-o", "out", "--ray", "local"]
    done = subprocess.run(
        [*command, "--workers", "1", "--events", "jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    if "timed out during startup" in done.stderr:
        pytest.skip("this machine is too slow for Ray's patience with its own start")
    assert done.returncode == errors.InputError.exit_code, done.stderr
    told = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (told.count("result"), told.count("failed"), told[-1]) == (1, 1, "batch")
    rows = table(tmp_path / "out")
    assert {case: row["status"] for case, row in rows.items()} == {"001": "done", "002": "failed"}
    assert float(rows["001"]["total_volume_ml"]) > 1


def test_a_share_of_a_gpu_is_declared_where_the_networks_run_on_one() -> None:
    def share(device: str, has_gpus: bool) -> Share:
        return Share.of_worker(settings(DEFAULT, threads=2, device=device), None, has_gpus)

    assert [share("cpu", True).gpus, share("auto", False).gpus] == [0.0, 0.0]
    assert [share("cuda", False).gpus, share("auto", True).gpus] == [0.5, 0.5]
    machine = {"CPU": 16.0, "GPU": 3.0, "memory": 64e9}
    assert share("cuda", True).fits(machine) == 6
    assert share("cpu", True).fits(machine) == 8
    assert share("cpu", True).fits({**machine, "memory": 11e9}) == 4
    assert share("cuda", True).fits({"CPU": 16.0, "memory": 64e9}) == 0
