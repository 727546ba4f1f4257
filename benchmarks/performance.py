"""How long a CT takes from file to mask, how much memory and processor it needs, and what others take.

    python benchmarks/performance.py --output docs/performance.md

Every figure is of the real command line in a process of its own: cold (start to end of a process with one
scan) and warm (the second scan of a process), on phantoms made on the spot. ``--peers FOLDER`` adds
nnU-Net v2 and BLAST-CT, installed into FOLDER when it is empty, without another PyTorch; MONAI is there.
About 8 minutes on two idle cores, peers included. Linux and macOS.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from processes import Run, machine, phantom, segment, table, timed

from ICHSegmentationLib.inference.engines.choice import engines_here

USUAL = 32
HEADINGS = ["cold s", "warm s", "CPU-s", "peak MB", "stages of the warm scan, s"]
MARKS = "<!-- measured -->", "<!-- end of what was measured -->"
PEERS = {
    "monai": "MONAI `sliding_window_inference`, the default model's fine network over the whole scan",
    "nnunet": "nnU-Net v2, network of Xu et al., no mirroring",
    "nnunet-mirrored": "nnU-Net v2, network of Xu et al., mirrored",
    "blast-ct": "BLAST-CT",
}
PEER_PACKAGES = Path(__file__).with_name("peers.txt")


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory() as name:
        os.environ["ICHSEG_CACHE"] = str(Path(name) / "cache")
        parts = [
            f"Made by `python {' '.join(sys.argv)}` on {machine()}. Load of the machine before: "
            f"{os.getloadavg()[0]:.1f}.",
            *of_engines(Path(name), arguments),
            *of_lengths(Path(name), arguments),
            *of_lesions(Path(name), arguments),
            *of_peers(Path(name), arguments),
        ]
    text = "\n\n".join(parts)
    print(text)
    if arguments.output:
        write(text, arguments.output)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slices", type=int, nargs="*", default=[20, USUAL, 160, 300], help="of the scans")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--volumes", type=float, nargs="*", default=[2, 80], help="of the hemorrhages, mL")
    parser.add_argument("--engines", nargs="*", default=engines_here())
    parser.add_argument("--repeats", type=int, default=2, help="the best of how many runs an engine gets")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where the other programs are installed")
    parser.add_argument("--full", action="store_true", help="nnU-Net over the whole scan, for many minutes")
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    return parser.parse_args()


def of_engines(folder: Path, arguments: argparse.Namespace) -> Iterator[str]:
    if not arguments.engines:
        return
    scan, threads = phantom(folder, USUAL), max(arguments.threads)
    rows = []
    for engine in arguments.engines:
        first = segment([scan], threads, engine, folder / "out")
        rows.append([engine, f"{first.wall_s:.1f}", *times(scan, threads, engine, folder, arguments.repeats)])
    yield f"### Engines, 512 x 512 x {USUAL}, {threads} threads"
    yield table(["engine", "first run s", *HEADINGS], rows)


def of_lengths(folder: Path, arguments: argparse.Namespace) -> Iterator[str]:
    if not arguments.slices:
        return
    rows = [
        [f"512 x 512 x {slices}", str(threads), *times(phantom(folder, slices), threads, "auto", folder, 1)]
        for slices in arguments.slices
        for threads in arguments.threads
    ]
    yield "### Slices"
    yield table(["scan", "threads", *HEADINGS], rows)


def of_lesions(folder: Path, arguments: argparse.Namespace) -> Iterator[str]:
    if not arguments.volumes:
        return
    threads = max(arguments.threads)
    rows = [
        [f"{ml:g}", *times(phantom(folder, USUAL, ml), threads, "auto", folder, 1)]
        for ml in arguments.volumes
    ]
    yield f"### Size of the hemorrhage, 512 x 512 x {USUAL}, {threads} threads"
    yield table(["mL", *HEADINGS], rows)


def times(scan: Path, threads: int, engine: str, folder: Path, repeats: int) -> list[str]:
    cold = [segment([scan], threads, engine, folder / "out") for _ in range(repeats)]
    warm = min(
        (segment([scan, scan], threads, engine, folder / "out") for _ in range(repeats)),
        key=lambda run: run.seconds_of(run.last_case),
    )
    stages = ", ".join(f"{name} {s:.2f}" for name, s in warm.stages_of(warm.last_case).items())
    return [
        f"{min(run.wall_s for run in cold):.1f}",
        f"{warm.seconds_of(warm.last_case):.1f}",
        f"{min(run.cpu_s for run in cold):.1f}",
        f"{statistics.median(run.peak_mb for run in cold):.0f}",
        stages,
    ]


def of_peers(folder: Path, arguments: argparse.Namespace) -> Iterator[str]:
    if not arguments.peers:
        return
    install_peers(arguments.peers)
    scan, threads = phantom(folder, USUAL), max(arguments.threads)
    segment([scan], threads, "auto", folder / "out")
    ours = segment([scan], threads, "auto", folder / "out")
    own = [f"{ours.wall_s:.1f}", f"{ours.cpu_s:.1f}", "1", f"{ours.peak_mb:.0f}"]
    rows = [["this program, from file to report, cold", *own, "whole scan"]]
    rows += [peer(name, scan, threads, ours, arguments) for name in PEERS]
    yield f"### Side by side, 512 x 512 x {USUAL}, {threads} threads"
    yield table(["", "wall s", "CPU-s", "times our CPU-s", "peak MB", "measured"], rows)


def peer(name: str, scan: Path, threads: int, ours: Run, arguments: argparse.Namespace) -> list[str]:
    """The peer's network alone: neither its start, nor reading, resampling and writing."""
    program = str(Path(__file__).with_name("peer_speed.py"))
    options = ["--full"] * arguments.full
    path = os.pathsep.join([str(arguments.peers.resolve()), str(Path(__file__).resolve().parents[1])])
    said = timed([sys.executable, program, name, str(scan), str(threads), *options], PYTHONPATH=path).said
    found = said[-1][1]
    windows = found["windows"]
    return [
        PEERS[name],
        f"{found['wall_s'] * windows:.0f}",
        f"{found['cpu_s'] * windows:.0f}",
        f"{found['cpu_s'] * windows / ours.cpu_s:.0f}",
        f"{found['peak_mb']:.0f}",
        "whole scan" if windows == 1 else f"one window, times {windows}",
    ]


def install_peers(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, "--requirement", str(PEER_PACKAGES)], check=True)


def write(text: str, page: Path) -> None:
    """Put ``text`` between the marks of ``page``."""
    old = page.read_text("utf-8")
    pattern = re.compile(f"{re.escape(MARKS[0])}.*{re.escape(MARKS[1])}", re.DOTALL)
    if not pattern.search(old):
        sys.exit(f"{page} has no line {MARKS[0]} followed by {MARKS[1]}")
    page.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n\n{text}\n\n{MARKS[1]}", old), "utf-8")


if __name__ == "__main__":
    main()
