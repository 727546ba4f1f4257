"""How many patches a second this project trains on, and nnU-Net v2's own trainer beside it.

    python benchmarks/training_speed.py --peers build/peers --output docs/training-speed.md

The same network (``li_chen_nnunet``, 3D), patch, batch, optimizer and loss on the same made heads, a process
for each measurement. ``--peers FOLDER`` holds nnU-Net v2; an empty or missing one is filled by pip, without
another PyTorch. The patches that each loader makes are counted without training too, at this patch and at the
published one.

Each measurement is written down at once (``--state``) and not made again. Minutes on two idle cores. Linux.
"""

import argparse
import json
import os
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

import nibabel as nib
import numpy as np
import peers
from marked_page import show
from processes import machine, table, timed
from stored import Measured, Stored
from training_steps import Settings

from ICHSegmentationLib import __version__

PUBLISHED_PATCH = [16, 320, 320]
PROGRAMS = {"own": "this project", "nnunet": "nnU-Net v2"}
HEAD, SPACING_MM = (32, 512, 512), np.array([5.0, 0.45, 0.45], np.float32)
VOLUMES_ML = (2, 10, 25, 80)
_PROGRAM = Path(__file__).with_name("training_steps.py")


def main() -> None:
    arguments = parse()
    folder = arguments.state.parent
    made_heads(folder)
    given = {
        "folder": str(folder), "patch": arguments.patch, "batch": 2, "threads": arguments.threads,
        "workers": arguments.workers, "steps": arguments.steps, "rounds": arguments.rounds,
    }  # fmt: skip
    training = Settings(**given)
    settings = {
        "train": training,
        "load": training,
        "load, published": Settings(**given | {"patch": PUBLISHED_PATCH}),
    }
    facts = {"machine": machine(), "version": __version__, "settings": json.dumps(asdict(training))}
    stored = Stored(arguments.state, facts)
    programs = [name for name in PROGRAMS if name == "own" or arguments.peers]
    if arguments.peers:
        peers.install(arguments.peers)
    for task, asked in settings.items():
        for program in programs:
            stored.make(
                f"{program} {task}", lambda p=program, t=task, a=asked: steps(p, t, a, arguments.peers)
            )
    text = "\n\n".join([made(stored, arguments), rows(stored, arguments.patch)])
    show(text, arguments.output)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patch", type=int, nargs=3, default=[16, 64, 64], metavar=("D", "H", "W"))
    parser.add_argument(
        "--steps", type=int, default=4, help="batches of two in a round (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="after one that warms up (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1, help="that compute (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=1, help="processes that augment (default: %(default)s)"
    )
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where nnU-Net is installed")
    parser.add_argument("--state", type=Path, default=Path("build/training_speed/measured.json"))
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    return parser.parse_args()


def made_heads(folder: Path) -> None:
    """Heads of noise in a skull, each with a ball of blood, and a tiny one to validate on in no time."""
    for place, ml in enumerate(VOLUMES_ML):
        keep_head(folder, f"head{place}.nii.gz", HEAD, ml, seed=place)
    keep_head(folder, "tiny.nii.gz", (16, 64, 64), 0.5, seed=9)


def keep_head(folder: Path, name: str, shape: tuple[int, int, int], ml: float, seed: int) -> None:
    image, mask = folder / "images" / name, folder / "masks" / name
    if mask.exists():
        return
    places = (
        np.indices(shape, np.float32).T - (np.array(shape, np.float32) - 1) / 2
    ) * SPACING_MM  # [W, H, D, 3]
    half = np.array(shape) * SPACING_MM / 2
    outwards = np.sqrt(((places / (0.9 * half)) ** 2).sum(-1))
    blood = ((places - half / 4) ** 2).sum(-1) < (3e3 * ml / (4 * np.pi)) ** (2 / 3)
    hu = np.where(outwards < 0.9, np.where(blood, 65, 32), np.where(outwards < 1, 1000, -1000))
    noise = np.random.default_rng(seed).normal(0, 5, hu.shape)
    affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
    for path, voxels in ((image, (hu + noise).round().astype(np.int16)), (mask, blood.astype(np.uint8))):
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(voxels, affine), path)


def steps(program: str, task: str, settings: Settings, packages: Path | None) -> Measured:
    """What training_steps.py tells."""
    file = Path(settings.folder) / "settings.json"
    file.write_text(json.dumps(asdict(settings)), "utf-8")
    here = [_PROGRAM.parents[1], *([packages.resolve()] if packages else [])]
    command = [sys.executable, str(_PROGRAM), program, task.partition(",")[0], str(file)]
    run = timed(command, PYTHONPATH=os.pathsep.join(map(str, here)), OMP_NUM_THREADS=str(settings.threads))
    return run.said[-1][1]


def made(stored: Stored, arguments: argparse.Namespace) -> str:
    patch = " ".join(map(str, arguments.patch))
    given = (
        f"--patch {patch} --steps {arguments.steps} --rounds {arguments.rounds} "
        f"--threads {arguments.threads} --workers {arguments.workers}"
    )
    return (
        f"Made by `python benchmarks/training_speed.py --peers build/peers {given}` on {machine()}, "
        f"ICHSegmentation {__version__}. Highest load of the machine before a measurement: "
        f"{stored.highest_load:.1f}. Medians of the rounds, and in brackets the lowest and highest."
    )


def rows(stored: Stored, patch: list[int]) -> str:
    lines = {
        f"training on {size(patch)}, patches/s": ("train", "samples_per_s", 2),
        "of that time spent waiting for patches, %": ("train", "waiting_share", 1),
        f"loading alone, {size(patch)}, patches/s": ("load", "samples_per_s", 2),
        f"loading alone, {size(PUBLISHED_PATCH)} (as published), patches/s": (
            "load, published",
            "samples_per_s",
            2,
        ),
    }
    cells = [
        [text, *(cell(stored[f"{program} {task}"], key, digits) for program in PROGRAMS)]
        for text, (task, key, digits) in lines.items()
    ]
    return table(["", *PROGRAMS.values()], cells)


def size(patch: list[int]) -> str:
    return " x ".join(map(str, patch))


def cell(measured: Measured | None, key: str, digits: int) -> str:
    if measured is None:
        return "not measured"
    values = [value * (100 if key == "waiting_share" else 1) for value in measured[key]]
    middle, low, high = (f"{f(values):.{digits}f}" for f in (statistics.median, min, max))
    return f"{middle} ({low} to {high})"


if __name__ == "__main__":
    main()
