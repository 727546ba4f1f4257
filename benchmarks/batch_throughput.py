"""Scans a minute: ``ichseg batch`` beside ``ichseg segment`` with all scans, and beside a loop over it.

    python benchmarks/batch_throughput.py --folder NEW_FOLDER --scans 12 --slices 32

The scans are copies of a phantom of 512 x 512 pixels; all use the default model and all cores. Prints a
table in Markdown. Linux and macOS.
"""

import argparse
import shutil
import time
from pathlib import Path

from processes import ICHSEG, machine, phantom, table, timed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for scans and results")
    parser.add_argument("--scans", type=int, default=12)
    parser.add_argument("--slices", type=int, default=32)
    parser.add_argument("--workers", type=int, help="of the batch (default: as many as it takes by itself)")
    options = parser.parse_args()
    scans = copies(phantom(made(options.folder), options.slices), options.folder / "scans", options.scans)
    workers = ["--workers", str(options.workers)] if options.workers else []
    quiet = ["--device", "cpu", "--events", "jsonl"]

    def batch() -> None:
        timed([*ICHSEG, "batch", str(scans[0].parent), "-o", str(options.folder / "batch"), *workers, *quiet])

    def segment() -> None:
        timed([*ICHSEG, "segment", *map(str, scans), "-o", str(options.folder / "segment"), *quiet])

    def loop() -> None:
        for scan in scans:
            timed([*ICHSEG, "segment", str(scan), "-o", str(options.folder / "loop"), *quiet])

    rows = []
    for name, work in (("batch", batch), ("segment with all scans", segment), ("loop over segment", loop)):
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started
        rows.append([f"`ichseg` {name}", f"{60 * len(scans) / seconds:.2f}", f"{seconds / len(scans):.1f}"])
    print(f"{len(scans)} scans of 512 x 512 x {options.slices}; {machine()}\n")
    print(table(["", "scans a minute", "seconds a scan"], rows))


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def copies(scan: Path, folder: Path, count: int) -> list[Path]:
    """The same scan under as many names."""
    folder.mkdir()
    return [Path(shutil.copyfile(scan, folder / f"{number:03d}.nii.gz")) for number in range(count)]


if __name__ == "__main__":
    main()
