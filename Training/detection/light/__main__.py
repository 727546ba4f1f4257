"""The light default detector from the data folder, step by step."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.networks.weights import save_weights

from ...default_model.cases import read_cases
from ..predictions import write_predictions
from .cross_validation import cross_validate, folds_of, judged_cases, said_of
from .export import export
from .phantoms import judge_phantoms, phantom_page
from .prepare import prepare_case, prepare_phantom, prepare_unseen
from .recipe import LIGHT, LightRecipe
from .scan import LightScan, load_scans
from .train import train

WEIGHTS = "light.safetensors"


def main(arguments: Sequence[str] | None = None, recipe: LightRecipe = LIGHT) -> int:
    parser = argparse.ArgumentParser(prog="python -m Training.detection.light", description=__doc__)
    parser.add_argument("step", choices=["prepare", "cross-validate", "train", "export", "phantoms"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the data folder")
    parser.add_argument("--out", type=Path, default=Path("runs/light"), help="pictures, weights, predictions")
    parser.add_argument("--folds", type=int, nargs="+", metavar="K", help="cross-validate these only")
    parser.add_argument("--heads", type=int, nargs=2, default=(12, 20), metavar=("CLEAN", "BLEEDING"))
    parser.add_argument("--small", action="store_true", help="phantoms: hemorrhages of 0.5 to 8 mL")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--model", type=Path, default=Path("ICHSegmentationLib/models/detector"))
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    pictures = chosen.out / "pictures"
    if chosen.step == "prepare":
        prepare(chosen.data, pictures, recipe)
    elif chosen.step == "cross-validate":
        cases = judged_cases(chosen.data)
        folds = chosen.folds or range(len(folds_of(cases, recipe).folds))
        cross_validate(load_scans(pictures), cases, recipe, chosen.out, folds)
    elif chosen.step == "train":
        _train(chosen.data, load_scans(pictures), recipe, chosen.out)
    elif chosen.step == "export":
        export(recipe, chosen.out, chosen.data, chosen.model)
    else:
        detector = Detector.open(chosen.model, "cpu", threads=chosen.threads)
        clean, bleeding = chosen.heads
        print(phantom_page(list(judge_phantoms(detector, clean, bleeding, chosen.small))), end="")
    return 0


def prepare(data: Path, folder: Path, recipe: LightRecipe) -> None:
    """Write the pictures of all scans that are learned from or judged, their painted copies, and phantoms."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = read_cases(data)
    with_mask = sorted(case.name for case in cases if case.mask is not None and case.split == "train")[
        : recipe.hematoma_scans
    ]
    for case in cases:
        if case.mask is None or case.name in with_mask:
            prepare_case(case, folder, recipe.copies)
        elif case.split == "train":
            prepare_unseen(case, folder)
    for number in range(recipe.phantoms):
        prepare_phantom(number, folder)


def _train(data: Path, scans: Sequence[LightScan], recipe: LightRecipe, out: Path) -> None:
    """The detector itself: of the judged source it learns from the training split only."""
    splits = {case.name: case.split for case in read_cases(data)}
    seen = [scan for scan in scans if splits.get(scan.source) != "validation"]
    network = train(seen, recipe)
    save_weights(network, out / WEIGHTS)
    cases = judged_cases(data)
    rows = [
        row
        for scan in scans
        if scan.name in cases and splits[scan.name] == "validation"
        for row in said_of(network, scan, cases[scan.name], recipe.neighbour_share)
    ]
    write_predictions(out / "validation.csv", rows)


if __name__ == "__main__":
    sys.exit(main())
