"""How long a CT takes from file to mask, how much memory and processor it needs, and what others take.

    python benchmarks/performance.py --peers build/peers --output docs/performance.md

Every figure is of the real commands in processes of their own, on phantoms made on the spot.
``--peers FOLDER`` adds nnU-Net v2 and BLAST-CT, installed into FOLDER when it is empty, without another
PyTorch; MONAI is there.

Each measurement is written down at once (``--state``) and not made again, so that a run that was ended goes
on where it stood; other weights, another machine or a changed line of the library begin anew (what other
programs take, beside it in ``peers.json``, only the first two). ``--minutes`` begins no measurement later
than that; the tables then tell what there is. About 20 minutes on two idle cores. Linux.
"""

import argparse
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import peers
from marked_page import show
from processes import batch_of, machine, phantom, scans_per_minute, segment, table
from stored import Measured, Stored
from warm_worker import first_and_next

from ICHSegmentationLib import __version__, models
from ICHSegmentationLib.inference.engines.choice import engines_here

USUAL = 32
COSTS = ["cold s", "warm s", "cold CPU-s", "warm CPU-s", "peak MB"]


@dataclass(frozen=True)
class Task:
    """One measurement and the name under which it is kept."""

    name: str
    work: Callable[[], Measured]


def main() -> None:
    arguments = parse()
    folder = arguments.state.parent
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["ICHSEG_CACHE"] = str(folder / "converted")
    own, others = Stored(arguments.state, facts()), Stored(folder / "peers.json", facts_of_peers())
    until = time.monotonic() + arguments.minutes * 60
    for stored, some in ((own, own_tasks(arguments, folder)), (others, peer_tasks(arguments, folder))):
        for task in some:
            if time.monotonic() > until:
                print(f"{task.name} and what comes after it: not begun, the time is over.", flush=True)
                break
            stored.make(task.name, task.work)
    load = max(own.highest_load, others.highest_load)
    text = "\n\n".join(
        [
            f"Made by `python {' '.join(sys.argv)}` on {machine()}, ICHSegmentation {__version__}, "
            f"{model_name()}. Highest load of the machine before a measurement: {load:.1f}.",
            *tables(own, others, arguments),
        ]
    )
    show(text, arguments.output)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slices", type=int, nargs="*", default=[20, USUAL, 160, 300], help="of the scans")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--volumes", type=float, nargs="*", default=[2, 10, 25, 80], help="of hemorrhage, mL")
    parser.add_argument("--engines", nargs="*", default=engines_here())
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="scans of the batch; 0 for none")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where the other programs are installed")
    parser.add_argument(
        "--whole", nargs="*", default=["nnunet", "blast-ct"], choices=peers.PEERS, metavar="PEER",
        help="run these over the whole scan, besides one window: minutes each (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, default=60, help="begin no measurement after that")
    parser.add_argument("--state", type=Path, default=Path("build/performance/measured.json"))
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    return parser.parse_args()


def facts() -> dict[str, str]:
    return {**facts_of_peers(), "library": source_hash()}


def facts_of_peers() -> dict[str, str]:
    return {"machine": machine(), "model": models.default_model().manifest.sha256}


def source_hash() -> str:
    """Of every Python file of the library."""
    library = Path(models.__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(library.rglob("*.py")):
        digest.update(file.relative_to(library).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def model_name() -> str:
    manifest = models.default_model().manifest
    return f"{manifest.id} {manifest.version} ({manifest.sha256[:12]})"


def own_tasks(arguments: argparse.Namespace, folder: Path) -> Iterator[Task]:
    out, most = folder / "out", max(arguments.threads)
    usual = partial(phantom, folder, USUAL)

    def own(name: str, scan: Callable[[], Path], threads: int, engine: str = "auto", after: int = 2) -> Task:
        return Task(name, lambda: first_and_next(scan(), threads, engine, out, after))

    yield Task("own, a command alone", lambda: middle_of_three(usual(), most, out))
    for engine in arguments.engines:
        if engine == "jit":  # the only one that converts something at the first scan
            yield Task("jit, first run", lambda: converting(usual(), most, folder))
        yield own(f"engine {engine}", usual, most, engine)
    for slices in arguments.slices:
        for threads in arguments.threads:
            scan = partial(phantom, folder, slices)
            yield own(f"{slices} slices, {threads} threads", scan, threads, after=1)
    for ml in arguments.volumes:
        yield own(f"{ml:g} mL", partial(phantom, folder, USUAL, ml), most, after=1)
    if arguments.batch:
        yield Task("batch", lambda: scans_per_minute(batch_of(usual(), arguments.batch, folder), folder))


def peer_tasks(arguments: argparse.Namespace, folder: Path) -> Iterator[Task]:
    """One window of each, then those whole scans that were asked for and take minutes."""
    if arguments.peers:
        usual, most = partial(phantom, folder, USUAL), max(arguments.threads)
        peers.install(arguments.peers)
        for whole, names in ((False, list(peers.PEERS)), (True, arguments.whole)):
            for name in names:
                if not (whole and name in peers.ALWAYS_WHOLE):
                    yield peer_task(name, usual, most, arguments.peers, whole)


def peer_task(name: str, scan: Callable[[], Path], threads: int, folder: Path, whole: bool) -> Task:
    what = "whole" if whole else "one window"
    return Task(f"{name}, {what}", lambda: peers.measured(name, scan(), threads, folder, whole))


def middle_of_three(scan: Path, threads: int, output: Path) -> Measured:
    """Of three commands alone, the one with the middle processor seconds."""
    runs = [segment([scan], threads, "auto", output).costs() for _ in range(3)]
    return sorted(runs, key=lambda run: float(run["cpu_s"]))[1]


def converting(scan: Path, threads: int, folder: Path) -> Measured:
    """A command whose engine has to convert the networks first."""
    shutil.rmtree(folder / "converted", ignore_errors=True)
    return segment([scan], threads, "jit", folder / "out").costs()


def tables(stored: Stored, others: Stored, arguments: argparse.Namespace) -> Iterator[str]:
    most = max(arguments.threads)
    size = f"512 x 512 x {USUAL}, {most} threads"
    yield from titled(
        f"Engines, {size}", ["engine", *COSTS], own_rows(stored, "engine {}", arguments.engines)
    )
    if first := stored["jit, first run"]:
        yield (
            f"The very first run with the engine `jit` converts the networks: {first['wall_s']:.1f} s, "
            f"{first['cpu_s']:.1f} CPU-s."
        )
    if stages := stage_rows(stored, "{} slices, " + f"{most} threads", arguments.slices):
        yield from titled(f"Stages of a warm scan, {most} threads, s", *stages)
    yield from titled("Slices", ["512 x 512 x", "threads", *COSTS, "warm CPU-s a slice"], list(
        slice_rows(stored, arguments)
    ))  # fmt: skip
    volumes = [f"{ml:g}" for ml in arguments.volumes]
    yield from titled(f"Size of the hemorrhage, {size}", ["mL", *COSTS], own_rows(stored, "{} mL", volumes))
    if batch := stored["batch"]:
        yield "### A batch"
        yield (
            f"`ichseg batch` with {batch['scans']} scans of 512 x 512 x {USUAL}: {batch['per_minute']:.1f} "
            f"scans a minute, {batch['cpu_s'] / batch['scans']:.1f} CPU-s each."
        )
    yield from titled(
        f"Side by side, {size}",
        ["", "wall s", "CPU-s", "times ours, cold", "times ours, warm", "peak MB", "measured"],
        list(peer_rows(stored, others, f"{USUAL} slices, {most} threads")),
    )


def titled(title: str, headings: list[str], rows: list[list[str]]) -> Iterator[str]:
    if rows:
        yield f"### {title}"
        yield table(headings, rows)


def costs(one: Measured) -> list[str]:
    seconds = (one[key] for key in ("cold_s", "warm_s", "cold_cpu_s", "warm_cpu_s"))
    return [*(f"{value:.1f}" for value in seconds), f"{one['peak_mb']:.0f}"]


def own_rows(stored: Stored, name: str, values: list[Any]) -> list[list[str]]:
    found = {str(value): stored[name.format(value)] for value in values}
    return [[value, *costs(one)] for value, one in found.items() if one]


def stage_rows(stored: Stored, name: str, values: list[int]) -> tuple[list[str], list[list[str]]] | None:
    found = {value: one for value in values if (one := stored[name.format(value)])}
    if not found:
        return None
    names = list(next(iter(found.values()))["stages_s"])
    rows = [
        [f"512 x 512 x {value}", *(f"{one['stages_s'][stage]:.2f}" for stage in names)]
        for value, one in found.items()
    ]
    return ["scan", *names], rows


def slice_rows(stored: Stored, arguments: argparse.Namespace) -> Iterator[list[str]]:
    for slices in arguments.slices:
        for threads in arguments.threads:
            if one := stored[f"{slices} slices, {threads} threads"]:
                yield [str(slices), str(threads), *costs(one), f"{one['warm_cpu_s'] / slices:.3f}"]


def peer_rows(stored: Stored, others: Stored, usual: str) -> Iterator[list[str]]:
    cold, both = stored["own, a command alone"], stored[usual]
    if not cold or not both:
        return
    warm = {"wall_s": both["warm_s"], "cpu_s": both["warm_cpu_s"], "peak_mb": both["peak_mb"]}
    ours = cold["cpu_s"], warm["cpu_s"]
    yield peer_row("this program, a command of its own, from file to report", cold, ours, "whole scan")
    yield peer_row("this program, once loaded, from file to report", warm, ours, "whole scan")
    for name, title in peers.PEERS.items():
        for what in ("whole", "one window"):
            if one := others[f"{name}, {what}"]:
                count = one["windows"]
                how = "whole scan" if count == 1 else f"one window, times {count}"
                yield peer_row(title, one, ours, how, count)
                break


def peer_row(title: str, one: Measured, ours: tuple[float, float], how: str, count: int = 1) -> list[str]:
    wall, cpu = one["wall_s"] * count, one["cpu_s"] * count
    times = [f"{cpu / our_cpu_s:.{0 if cpu >= 10 * our_cpu_s else 1}f}" for our_cpu_s in ours]
    return [title, f"{wall:.1f}", f"{cpu:.1f}", *times, f"{one['peak_mb']:.0f}", how]


if __name__ == "__main__":
    main()
