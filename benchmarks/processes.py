"""Commands as processes of their own, with their seconds, processor seconds and memory; and scans for them.

Linux and macOS.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import SimpleITK as sitk

ICHSEG = [sys.executable, "-m", "ICHSegmentationLib"]
IN_PLANE = 512


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, processor seconds, peak resident memory, and when it said what."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: list[tuple[float, dict[str, Any]]]

    def costs(self) -> dict[str, Any]:
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mb": self.peak_mb}


def phantom(folder: Path, slices: int, volume_ml: float = 25.0) -> Path:
    """A painted head of 512 x 512 pixels, cut into this many slices, with a hemorrhage of this volume."""
    source = folder / f"phantom_{volume_ml:g}ml.nii.gz"
    target = folder / f"phantom_{volume_ml:g}ml_{slices}.nii.gz"
    if not source.exists():
        timed([*ICHSEG, "phantom", "-o", str(source), "--volume-ml", str(volume_ml)])
    if not target.exists():
        image = sitk.ReadImage(str(source), sitk.sitkInt16)
        size = (IN_PLANE, IN_PLANE, slices)
        extents = [n * mm for n, mm in zip(image.GetSize(), image.GetSpacing(), strict=True)]
        spacing = [extent / n for extent, n in zip(extents, size, strict=True)]
        first = [(new / old - 1) / 2 for new, old in zip(spacing, image.GetSpacing(), strict=True)]
        origin = image.TransformContinuousIndexToPhysicalPoint(first)
        resampled = sitk.Resample(
            image, size, sitk.Transform(), sitk.sitkLinear, origin, spacing, image.GetDirection(), -1000
        )
        sitk.WriteImage(resampled, str(target))
    return target


def segment(inputs: list[Path], threads: int, engine: str, output: Path) -> Run:
    """The command line from file to mask, report and all."""
    options = ["--device", "cpu", "--threads", str(threads), "--engine", engine]
    told = ["--events", "jsonl", "--overwrite"]
    return timed([*ICHSEG, "segment", *map(str, inputs), "-o", str(output), *options, *told])


def batch_of(scan: Path, count: int, folder: Path) -> Path:
    """A folder with as many copies of a scan."""
    scans = folder / f"batch_{count}"
    scans.mkdir(exist_ok=True)
    for number in range(count):
        copy = scans / f"{number:03d}.nii.gz"
        if not copy.exists():
            shutil.copyfile(scan, copy)
    return scans


def scans_per_minute(scans: Path, folder: Path, device: str = "cpu", workers: int = 0) -> dict[str, Any]:
    """``ichseg batch`` on a folder of scans; 0 workers: with as many processes as it takes by itself.

    ``results_at`` tells when the first and the last scan were done.
    """
    options = [
        "-o",
        str(folder / f"{scans.name}_out"),
        "--device",
        device,
        "--events",
        "jsonl",
        "--overwrite",
    ]
    own = ["--workers", str(workers)] if workers else []
    run = timed([*ICHSEG, "batch", str(scans), *options, *own])
    done = [at for at, event in run.said if event["event"] == "result"]
    costs = {**run.costs(), "scans": len(done), "per_minute": 60 * len(done) / run.wall_s}
    return {**costs, "results_at": [done[0], done[-1]]}


def timed(command: list[str], **environment: str) -> Run:
    """Run a command that writes one JSON object a line, or nothing, and account for it.

    Linux counts our own memory before the command takes over as the command's, so this file imports little.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stdout
    lines = [(time.perf_counter(), line) for line in process.stdout]
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {lines[-1:]}")
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    said = [(at, json.loads(line)) for at, line in lines if line.startswith("{")]
    return Run(wall, usage.ru_utime + usage.ru_stime, peak_bytes / 1e6, said)


def table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    names = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in _lines(names) if line.startswith("model name")]
    cpu = models[0] if models else platform.processor()
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, PyTorch {version('torch')}"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
