"""Every published method, trained as far as minutes on a CPU reach, on the same validation cases.

    python benchmarks/recipe_results.py DATA --output docs/results-recipes.md

DATA is the default model's data set (``default-data`` in docs/datasets.md). Each recipe goes its whole way in
its ``_small`` size, by the commands that anybody would give: prepare, train, export, segment, evaluate. The
held-out scans are not looked at before the last two. ``--size debug`` is a trial of a minute a recipe.

Every step is kept below ``--work``, and what was measured is written down at once: given again, the command
goes on where it was ended. ``--only`` takes a part of the recipes, so that several commands can share them,
once one has prepared the data. About an hour of one core. Linux, macOS.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from marked_page import show
from processes import ICHSEG, machine, timed
from recipe_tables import PUBLISHED, lengths, results
from stored import Measured, Stored

from ICHSegmentationLib import __version__
from Training.datasets import Case, load_held_out
from Training.loop.log import read_log
from Training.recipes import recipe

TRAIN = [sys.executable, "-m", "Training"]


def main() -> None:
    arguments = parse()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    facts = {
        "machine": machine(),
        "version": __version__,
        "size": arguments.size,
        "data": arguments.data.name,
    }
    stored = {name: Stored(work / f"{name}_{arguments.size}.json", facts) for name in PUBLISHED}
    prepared, scans = prepare(arguments.data, work, arguments.threads)
    for name in arguments.only:
        own = Way(
            f"{name}_{arguments.size}", prepared, scans, work / f"{name}_{arguments.size}", arguments.threads
        )
        stored[name].make("trained", own.train)
        stored[name].make("used", own.use)
    made = (
        f"Made by `python benchmarks/recipe_results.py DATA --size {arguments.size}` on {machine()}, "
        f"{arguments.threads} of them used, ICHSegmentation {__version__}."
    )
    text = "\n\n".join([made, results(stored), lengths(stored, arguments.size)])
    show(text, arguments.output)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--size", choices=("small", "debug"), default="small", help="(default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=PUBLISHED, default=list(PUBLISHED), metavar="RECIPE")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("build/recipes"), help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, help="a page to write into, between its marks")
    return parser.parse_args()


def prepare(data: Path, work: Path, threads: int) -> tuple[Path, list[Path]]:
    """The prepared data set, and the held-out scans with masks, named as ``evaluate`` looks for them."""
    prepared, scans = work / "data", work / "scans"
    if not (prepared / "splits.json").exists():
        timed([*TRAIN, "prepare", str(data), "-o", str(prepared), "--processes", str(threads)])
    scans.mkdir(exist_ok=True)
    return prepared, [copied(case, scans) for case in load_held_out(prepared) if case.has_mask]


def copied(case: Case, folder: Path) -> Path:
    assert isinstance(case.image, Path)
    copy = folder / f"{case.name.replace('/', '_')}{''.join(case.image.suffixes)}"
    if not copy.exists():
        shutil.copyfile(case.image, copy)
    return copy


@dataclass(frozen=True)
class Way:
    """One recipe from data to numbers, each step a command of its own."""

    recipe: str
    prepared: Path
    scans: list[Path]
    folder: Path
    threads: int

    def train(self) -> Measured:
        """Fold 0: on four fifths of the data set's training cases, validated on the last fifth."""
        fold = self.folder / "fold_0"
        fresh = not fold.exists()
        run = timed(
            [*TRAIN, "train", "--recipe", self.recipe, "--data", str(self.prepared), "-o", str(self.folder),
             "--workers", "0", "--validate-every", "20", "--accelerator", "cpu"]
        )  # fmt: skip
        told = [read_log(fold / stage.name) for stage in recipe(self.recipe).stages]
        record = json.loads((fold / "fold.json").read_text("utf-8"))
        return {
            # A training that was ended and went on has spent more than its last process tells.
            "cpu_s": run.cpu_s if fresh else None,
            "validation_dice": json.loads((fold / "result.json").read_text("utf-8"))["dice"],
            "epochs": [len(epochs) for epochs in told],
            "cases": record["cases"]["training"],
        }

    def use(self) -> Measured:
        """Exported, run on the held-out scans as a user would, and compared with their masks."""
        model, masks, report = self.folder / "model", self.folder / "masks", self.folder / "report"
        timed([*TRAIN, "export", str(self.folder / "fold_0"), "-o", str(model), "--overwrite"])
        run = timed(
            [*ICHSEG, "segment", *map(str, self.scans), "-o", str(masks), "--model", str(model),
             "--device", "cpu", "--threads", str(self.threads), "--no-subtypes", "--no-detect", "--overwrite"]
        )  # fmt: skip
        compared = ["--references", str(self.prepared), "--held-out", "-o", str(report)]
        timed([*TRAIN, "evaluate", str(masks), *compared])
        found = json.loads((report / "results.json").read_text("utf-8"))
        if found["problems"]:
            sys.exit(f"{self.recipe}: {found['problems'][0]}")
        return {
            "cpu_s_a_scan": run.cpu_s / len(self.scans),
            "all": found["groups"][0],
            "clean": found["clean"],
        }


if __name__ == "__main__":
    main()
