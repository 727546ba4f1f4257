"""How long a CT takes from file to mask, and how much memory and processor it needs.

    python benchmarks/segment_speed.py --peer --output docs/speed.md

Every figure is of the real command line in a process of its own: cold (start to end of a process with one
scan) and warm (the second scan of a process), as the median of some repeats. Linux and macOS.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import SimpleITK as sitk

ICHSEG = [sys.executable, "-m", "ICHSegmentationLib"]
PEER = [sys.executable, str(Path(__file__).with_name("sliding_window_peer.py"))]
IN_PLANE = 512
PEER_SLICES = 32
HEADINGS = ["scan", "threads", "cold s", "warm s", "CPU-s", "peak MB", "stages of the warm scan, s"]


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, processor seconds, peak resident memory, and when it said what."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: list[tuple[float, dict[str, Any]]]

    def seconds_of(self, case: str) -> float:
        """From the start of a case to its result, by this clock and not by the program's."""
        times = {event["event"]: at for at, event in self.said if event.get("case") == case}
        return times["result"] - times["started"]

    def stages_of(self, case: str) -> dict[str, float]:
        results = [event for _, event in self.said if event["event"] == "result" and event["case"] == case]
        return results[0]["measurements"]["timings_s"]


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for scan in scans(arguments, Path(folder)):
            rows += [row(scan, threads, arguments.repeats) for threads in arguments.threads]
        report = [f"# Speed\n\nMade by `python {' '.join(sys.argv)}` on {machine()}.", table(HEADINGS, rows)]
        if arguments.peer:
            report.append(peer(Path(folder), max(arguments.threads)))
    text = "\n\n".join(report) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, "utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scan", nargs="?", type=Path, help="a CT; without it, phantoms made on the spot")
    parser.add_argument("--slices", type=int, nargs="+", default=[20, 32, 160, 300], help="of the phantoms")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--peer", action="store_true", help="also a published network, whole scan, by windows"
    )
    parser.add_argument("--output", type=Path, help="Markdown file for what is printed")
    return parser.parse_args()


def scans(arguments: argparse.Namespace, folder: Path) -> Iterable[Path]:
    if arguments.scan:
        yield arguments.scan
    else:
        yield from (phantom(folder, slices) for slices in arguments.slices)


def phantom(folder: Path, slices: int) -> Path:
    """A painted head of 512 x 512 pixels, cut into this many slices."""
    source, target = folder / "phantom.nii.gz", folder / f"phantom_{slices}.nii.gz"
    if not source.exists():
        timed([*ICHSEG, "phantom", "-o", str(source)])
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


def row(scan: Path, threads: int, repeats: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        cold = [segment([scan], threads, Path(folder) / "out") for _ in range(repeats)]
        warm = [segment([scan, scan], threads, Path(folder) / "out") for _ in range(repeats)]
    last = warm[-1].said[-1][1]["case"]
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in warm[-1].stages_of(last).items())
    size = " x ".join(str(n) for n in size_of(scan))
    return [
        size,
        str(threads),
        f"{statistics.median(run.wall_s for run in cold):.1f}",
        f"{statistics.median(run.seconds_of(last) for run in warm):.1f}",
        f"{statistics.median(run.cpu_s for run in cold):.1f}",
        f"{max(run.peak_mb for run in cold):.0f}",
        stages,
    ]


def segment(inputs: list[Path], threads: int, output: Path) -> Run:
    options = ["--device", "cpu", "--threads", str(threads), "--events", "jsonl", "--overwrite"]
    return timed([*ICHSEG, "segment", *map(str, inputs), "-o", str(output), *options])


def timed(command: list[str]) -> Run:
    """Run a command that writes one JSON object a line, or nothing, and account for it.

    Linux counts our own memory before the command takes over as the command's, so this file imports little.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
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


def peer(folder: Path, threads: int) -> str:
    """The same scan through windows of a network of the published size, and both as a ratio."""
    scan = phantom(folder, PEER_SLICES)
    ours = segment([scan], threads, folder / "out")
    theirs = timed([*PEER, str(scan), str(threads)])
    rows = [
        ["this program", f"{ours.wall_s:.1f}", f"{ours.cpu_s:.1f}", f"{ours.peak_mb:.0f}"],
        ["sliding windows", f"{theirs.wall_s:.1f}", f"{theirs.cpu_s:.1f}", f"{theirs.peak_mb:.0f}"],
        [
            "ratio",
            f"{theirs.wall_s / ours.wall_s:.1f}",
            f"{theirs.cpu_s / ours.cpu_s:.1f}",
            f"{theirs.peak_mb / ours.peak_mb:.1f}",
        ],
    ]
    size = " x ".join(str(n) for n in size_of(scan))
    return f"## {size}, {threads} threads, cold\n\n{table(['', 'wall s', 'CPU-s', 'peak MB'], rows)}"


def size_of(scan: Path) -> tuple[int, ...]:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(scan))
    reader.ReadImageInformation()
    return reader.GetSize()


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


if __name__ == "__main__":
    main()
