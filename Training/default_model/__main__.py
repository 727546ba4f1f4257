"""The embedded models from the data folder, step by step or all at once."""

import argparse
import logging
import sys
from pathlib import Path

import torch

from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights

from .evaluate import evaluate
from .export import export
from .judge import judge
from .loop import train
from .patch_source import PatchSource
from .prepare import prepare
from .recipe import COPIES, PHANTOMS, RECIPES, StageRecipe
from .robustness import robustness
from .sampling import load_samples


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Training.default_model", description=__doc__)
    parser.add_argument(
        "step", choices=["prepare", "train", "export", "judge", "evaluate", "robustness", "all"]
    )
    parser.add_argument("--recipe", choices=list(RECIPES), default="default", help="(default: %(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the data folder")
    parser.add_argument("--out", type=Path, help="samples, checkpoints and logs (default: runs/RECIPE)")
    parser.add_argument("--stage", choices=["coarse", "fine"], help="train this stage only")
    parser.add_argument(
        "--start",
        type=Path,
        metavar="MODEL",
        help="train the weights of this model folder further; export: their mean with what was learned",
    )
    parser.add_argument("--steps", type=int, help="another number of training steps")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--model", type=Path, help="the model folder (default: the embedded one)")
    parser.add_argument("--every", type=int, default=1, help="robustness: take every n-th scan only")
    chosen = parser.parse_args(arguments)
    recipe = RECIPES[chosen.recipe]
    out, model = chosen.out or Path("runs") / chosen.recipe, chosen.model or recipe.model
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)

    def wanted(step: str) -> bool:
        return chosen.step in (step, "all")

    if wanted("prepare"):
        prepare(chosen.data, out / "samples", recipe, COPIES, PHANTOMS)
    if wanted("train"):
        for stage in recipe.stages:
            if chosen.stage in (None, stage.name):
                _train(stage, out, chosen.start, chosen.steps)
    if wanted("export"):
        export(recipe, out, model, chosen.start)
    if chosen.step == "judge":  # what versions are chosen by, so not part of "all"
        sys.stdout.write(judge(chosen.data, model, threads=chosen.threads) + "\n")
    results = out / "evaluation"
    if wanted("evaluate"):
        command = _command("evaluate", chosen.recipe)
        evaluate(chosen.data, model, results, recipe.results, command, chosen.threads)
    if chosen.step == "robustness":  # the scans many times over, so not part of "all"
        command = _command("robustness", chosen.recipe)
        robustness(chosen.data, model, results, recipe.robustness, command, chosen.every, chosen.threads)
    return 0


def _command(step: str, recipe: str) -> str:
    return f"python -m Training.default_model {step} --recipe {recipe} --data DATA"


def _train(stage: StageRecipe, out: Path, start: Path | None, steps: int | None) -> None:
    torch.manual_seed(stage.seed)
    samples = load_samples(out / "samples" / stage.name)
    source = PatchSource(samples, stage.weights, stage.patch, stage.augmentation, stage.seed)
    network = build(stage.network)
    schedule = stage.schedule
    if start:
        load_weights(network, start / f"{stage.name}.safetensors")
        schedule = stage.refinement
    train(network, source, schedule if steps is None else schedule.lasting(steps), out / stage.name)


if __name__ == "__main__":
    sys.exit(main())
