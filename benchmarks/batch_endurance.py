"""A batch of many small cases, killed again and again until it is done, beside one that nobody disturbs.

    python benchmarks/batch_endurance.py --cases 1000 --kill-every 3 10 --folder /dev/shm/endurance

The segmenter is a threshold, no detector judges, and a page and a picture of each case are written only with
--pages, so that a case costs little more than reading, measuring and writing it. Tells, as JSON: whether each
case stands in the summary once, whether all results are the same, what is left over, cases a minute, and the
memory of all processes as cases go by. A batch needs seconds to begin: on a slow machine, kill less often.
Linux.
"""

import argparse
import csv
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ICHSegmentationLib import models
from ICHSegmentationLib.batch import BatchOptions, run_batch
from ICHSegmentationLib.events import json_lines
from ICHSegmentationLib.report import write
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import CTVolume, Volume

SHAPE, SPACING_MM = (16, 60, 60), (6.0, 3.0, 3.0)
ITS_OWN = {"ledger.sqlite", "batch.lock", "workers.lock"}
PAGES = "BATCH_ENDURANCE_PAGES"
CHANGING = ("timings_s", "peak_memory_mb")


@dataclass(frozen=True)
class Doubt:
    map: Volume
    left_out_ml: float = 0.0
    reasons: tuple[str, ...] = ()
    half_ratio: float | None = None


@dataclass(frozen=True)
class Outlined:
    mask: Volume
    uncertainty: Doubt
    warnings: tuple[str, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    device: str = "cpu"
    engine: str = "none"


@dataclass
class Threshold:
    """Takes 60 to 90 HU for hemorrhage."""

    model: models.ModelFolder

    def __call__(self, ct: CTVolume, progress: Callable[[str, float], None]) -> Outlined:
        found = ((ct.voxels >= 60) & (ct.voxels <= 90)).astype(np.uint8)
        return Outlined(Volume(found, ct.affine), Doubt(Volume(np.zeros_like(found), ct.affine)))


def load_threshold(settings: SegmentationSettings) -> Threshold:
    if not os.environ.get(PAGES):
        write.write_report = write_no_pages  # type: ignore[assignment]
    return Threshold(models.find(settings.model))


def write_no_pages(
    folder: Path, ct: CTVolume, mask: Volume, measurements: Mapping[str, Any]
) -> dict[str, Path]:
    paths = {"report": folder / "report.html", "preview": folder / "preview.png"}
    for path in paths.values():
        path.write_text(f"{measurements['case']}: not drawn")
    return paths


def write_scans(folder: Path, count: int) -> None:
    """Heads of 35 HU in a skull, each with a ball of 70 HU of its own place and size."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(0)
    axes = [(np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(SHAPE, SPACING_MM, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
    head = np.full(SHAPE, -1000, np.int16)
    for radius, value in ((80.0, 1000), (72.0, 35)):
        head[(z / 0.9) ** 2 + y**2 + x**2 <= radius**2] = value
    for number in range(count):
        at, radius = chance.uniform(-30, 30, 3), chance.uniform(8, 22)
        ball = (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= radius**2
        voxels = np.where(ball, np.int16(70), head)
        nib.save(nib.Nifti1Image(voxels.T, affine), folder / f"case{number:04d}.nii")


def start(source: Path, out: Path, workers: int) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, "--batch", str(source), str(out), str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def batch(source: str, out: str, workers: str) -> int:
    """What :func:`start` starts."""
    from batch_endurance import load_threshold  # by the name under which a worker finds it

    settings = SegmentationSettings(device="cpu", threads=1, detect=False)
    options = BatchOptions(workers=int(workers))
    return run_batch(
        Path(source), Path(out), settings, options, json_lines(sys.stdout), load_threshold
    ).exit_code


def undisturbed(source: Path, out: Path, workers: int) -> dict[str, Any]:
    """One run, with the memory of parent and workers whenever another twentieth of the cases is done."""
    began = time.perf_counter()
    first = None
    memory: list[tuple[int, float]] = []
    process = start(source, out, workers)
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "batch":
            ended, cases = event["done"] + event["failed"], event["done"] + event["failed"] + event["left"]
            if ended == 1:
                first = time.perf_counter()
            if ended % max(1, cases // 20) == 0 and event["left"]:
                memory.append((ended, _memory_mb(process.pid)))
    if process.wait():
        raise SystemExit(f"the undisturbed batch ended with {process.returncode}")
    assert first is not None
    ended_at = time.perf_counter()
    return {
        "seconds": round(ended_at - began, 1),
        "cases_per_minute": round(60 * (cases - 1) / (ended_at - first), 1),
        "memory_mb_after_cases": memory,
    }


def killed(source: Path, out: Path, workers: int, every_s: tuple[float, float]) -> dict[str, Any]:
    """Runs that are killed at random instants, until one comes to its end."""
    began, chance, kills = time.perf_counter(), random.Random(0), 0
    while True:
        process = start(source, out, workers)
        timer = threading.Timer(chance.uniform(*every_s), process.kill)
        timer.start()
        process.communicate()
        timer.cancel()
        if process.returncode == 0:
            return {"kills": kills, "seconds": round(time.perf_counter() - began, 1)}
        if process.returncode > 0:
            raise SystemExit(f"a batch ended with {process.returncode}")
        kills += 1


def _memory_mb(parent: int) -> float:
    """Proportional set size of a process and all below it: what libraries share is counted once."""
    return round(sum(_own_memory_kb(pid) for pid in _family(parent)) * 1024 / 1e6, 1)


def _family(parent: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):  # the thread has just ended
            children += map(int, task.read_text().split())
    return [parent, *(pid for child in children for pid in _family(child))]


def _own_memory_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "summary.csv").open(newline="", encoding="utf-8-sig") as stream:
        return [
            {key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(stream)
        ]


def results_of(out: Path) -> dict[str, str]:
    """A hash of everything in each case's folder that does not tell of time or memory."""
    hashes = {}
    for measured in sorted(out.glob("*/measurements.json")):
        content = {k: v for k, v in json.loads(measured.read_text()).items() if k not in CHANGING}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
        for name in ("segmentation.nii.gz", "preview.png"):
            digest.update(measured.with_name(name).read_bytes())
        digest.update(" ".join(sorted(path.name for path in measured.parent.iterdir())).encode())
        hashes[measured.parent.name] = digest.hexdigest()
    return hashes


def left_over(out: Path) -> list[str]:
    """What is neither a result, nor the summary, nor what a batch keeps for the next start."""
    hidden = [
        path for path in out.rglob("*") if any(part.startswith(".") for part in path.relative_to(out).parts)
    ]
    return [str(path.relative_to(out)) for path in hidden if path.is_file() and path.name not in ITS_OWN]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, nargs=2, default=(3.0, 10.0), metavar=("LEAST", "MOST"))
    parser.add_argument("--pages", action="store_true", help="draw the page and the picture of each case")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for scans and results")
    options = parser.parse_args()
    if options.pages:  # workers see the environment
        os.environ[PAGES] = "yes"
    source, calm, troubled = (options.folder / name for name in ("scans", "calm", "troubled"))
    write_scans(source, options.cases)
    told: dict[str, Any] = {"cases": options.cases, "workers": options.workers, "cores": os.cpu_count()}
    told["undisturbed"] = undisturbed(source, calm, options.workers)
    print(json.dumps(told["undisturbed"]), file=sys.stderr, flush=True)
    told["killed"] = killed(source, troubled, options.workers, tuple(options.kill_every))
    rows = rows_of(troubled)
    told["every_case_once_and_done"] = (
        sorted(row["case"] for row in rows if row["status"] == "done")
        == [f"case{number:04d}" for number in range(options.cases)]
        and len(rows) == options.cases
    )
    told["same_summary"] = rows == rows_of(calm)
    told["same_results"] = results_of(troubled) == results_of(calm)
    told["left_over"] = left_over(troubled)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--batch"]:
        sys.exit(batch(*sys.argv[2:]))
    main()
