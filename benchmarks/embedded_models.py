"""What a scan costs with each of the embedded models, the next right after the one before.

    python benchmarks/embedded_models.py --output docs/performance.md

One phantom of 512 x 512 x 32, each model in a process of its own, all of them in turn, several times; of each
figure the middle one. A minute on two idle cores. Linux.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

from marked_page import show
from processes import machine, phantom, table
from warm_worker import first_and_next

from ICHSegmentationLib import models

SLICES = 32
COSTS = {"cold_s": "cold s", "warm_s": "warm s", "cold_cpu_s": "cold CPU-s", "warm_cpu_s": "warm CPU-s"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=["default", "open"], help="the first is compared with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/performance"))
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    scan = phantom(arguments.folder, SLICES)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in arguments.models}
    for _ in range(arguments.times):
        for name, found in runs.items():
            out = arguments.folder / "out"
            found.append(first_and_next(scan, arguments.threads, "auto", out, after=1, model=name))
    show(page(runs, arguments.threads), arguments.output, "measured with each model")


def page(runs: dict[str, list[dict[str, Any]]], threads: int) -> str:
    middle = {
        name: {key: statistics.median(run[key] for run in found) for key in (*COSTS, "peak_mb")}
        for name, found in runs.items()
    }
    first = next(iter(middle.values()))
    rows = [
        [
            described(name),
            *(f"{costs[key]:.1f}" for key in COSTS),
            f"{costs['warm_cpu_s'] / first['warm_cpu_s']:.2f}",
            f"{costs['peak_mb']:.0f}",
        ]
        for name, costs in middle.items()
    ]
    times = len(next(iter(runs.values())))
    headings = ["model", *COSTS.values(), "times the first, warm CPU-s", "peak MB"]
    return (
        f"Made by `python benchmarks/embedded_models.py` on {machine()}; 512 x 512 x {SLICES}, "
        f"{threads} threads, the middle of {times} runs.\n\n{table(headings, rows)}"
    )


def described(name: str) -> str:
    manifest = models.find(name).manifest
    return f"`{name}`: {manifest.id} {manifest.version}"


if __name__ == "__main__":
    main()
