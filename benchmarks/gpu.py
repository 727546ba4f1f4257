"""How long a CT takes with an NVIDIA GPU: alone and warm, and in a batch; and how busy the GPU is meanwhile.

    python benchmarks/gpu.py --output docs/performance.md

The real commands in processes of their own, on phantoms of 512 x 512 pixels made on the spot. How busy the
GPU is comes from nvidia-smi: the share of time in which any program computed on it. Each measurement is
written down at once (``--state``) and not made again. Without a GPU nothing is measured, nothing written, and
the program ends with 1. Linux.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from gpu_watch import GpuWatch, gpu_name
from marked_page import show
from processes import batch_of, machine, phantom, scans_per_minute, table
from stored import Measured, Stored
from warm_worker import first_and_next

from ICHSegmentationLib import __version__, models

MARK = "measured on a GPU"
RUNS = {
    "GPU, half precision": ("cuda", "amp"),
    "GPU, full precision": ("cuda", "torch"),
    "CPU": ("cpu", "auto"),
}
"""What is measured: device and engine of each."""


def main() -> None:
    arguments = parse()
    name = gpu_name()
    if name is None:
        sys.exit("No NVIDIA GPU that PyTorch can use is here: nothing was measured, and no page was changed.")
    folder = arguments.state.parent
    folder.mkdir(parents=True, exist_ok=True)
    model = models.default_model().manifest
    stored = Stored(arguments.state, {"machine": machine(), "gpu": name, "model": model.sha256})
    until = time.monotonic() + arguments.minutes * 60
    for task, work in tasks(arguments, folder):
        if time.monotonic() > until:
            print(f"{task} and what comes after it: not begun, the time is over.", flush=True)
            break
        stored.make(task, work)
    text = "\n\n".join(
        [
            f"Made by `python {' '.join(sys.argv)}` on {name} and {machine()}, ICHSegmentation "
            f"{__version__}, {model.id} {model.version} ({model.sha256[:12]}).",
            *tables(stored, arguments),
        ]
    )
    show(text, arguments.output, MARK)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slices", type=int, nargs="+", default=[32, 300], help="of the scans")
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="scans of a batch; 0 for none")
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[0, 2],
        help="of the batches; 0 leaves it to the program",
    )
    parser.add_argument("--minutes", type=float, default=20, help="begin no measurement after that")
    parser.add_argument("--state", type=Path, default=Path("build/performance/gpu.json"))
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    return parser.parse_args()


def tasks(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, partial[Measured]]]:
    threads = os.cpu_count() or 1
    for slices in arguments.slices:
        for name in RUNS:
            yield f"{slices} slices, {name}", partial(alone, folder, slices, threads, name)
    if arguments.batch:
        for workers in arguments.workers:
            yield f"batch, {workers} workers", partial(batch, folder, arguments.batch, workers)


def alone(folder: Path, slices: int, threads: int, name: str) -> Measured:
    """One scan after the other in a process that stays, the later ones warm."""
    device, engine = RUNS[name]
    return first_and_next(phantom(folder, slices), threads, engine, folder / "out", after=4, device=device)


def batch(folder: Path, count: int, workers: int) -> Measured:
    """``ichseg batch``, and the share of its time in which the GPU computed."""
    scans = batch_of(phantom(folder, 32), count, folder)  # made before the clock starts
    with GpuWatch() as watch:
        measured = scans_per_minute(scans, folder, "cuda", workers)
    return {**measured, "busy": watch.busy(), "busy_between_results": watch.busy(*measured["results_at"])}


def tables(stored: Stored, arguments: argparse.Namespace) -> Iterator[str]:
    rows, stages = [], {}
    for slices in arguments.slices:
        for name in RUNS:
            if one := stored[f"{slices} slices, {name}"]:
                seconds = [f"{one[key]:.2f}" for key in ("cold_s", "warm_s", "warm_cpu_s")]
                rows.append([f"512 x 512 x {slices}", name, *seconds])
                stages[f"512 x 512 x {slices}, {name}"] = one["stages_s"]
    if rows:
        yield "One scan, from file to report:"
        yield table(["scan", "", "cold s", "warm s", "warm CPU-s"], rows)
        names = list(next(iter(stages.values())))
        lines = [[title, *(f"{one.get(stage, 0):.2f}" for stage in names)] for title, one in stages.items()]
        yield "Stages of the warm scan, s:"
        yield table(["scan", *names], lines)
    batches = [
        [str(one["scans"]), "its own choice" if workers == 0 else str(workers), f"{one['per_minute']:.0f}",
         f"{1 - one['busy']:.0%}", f"{1 - one['busy_between_results']:.0%}"]
        for workers in arguments.workers if (one := stored[f"batch, {workers} workers"])
    ]  # fmt: skip
    if batches:
        yield "`ichseg batch` with copies of a scan of 512 x 512 x 32; how long the GPU was idle:"
        yield table(
            ["scans", "workers", "scans a minute", "idle, of the whole run", "idle, first to last result"],
            batches,
        )


if __name__ == "__main__":
    main()
