"""``python -m Training.detection``: train, judge and export detectors. ``--help`` is quick."""

import argparse
import logging
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError

from ..command import carry_out
from ..number_types import positive, whole
from ..recipes.al_fahim_detector import DETECTOR_RECIPES, DetectorRecipe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, or that of its error (:mod:`ICHSegmentationLib.errors`)."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    return carry_out(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m Training.detection", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("--debug", action="store_true", help="show tracebacks")
        return added

    train = command("train", _train, "train a detector on one fold, or go on with an interrupted training")
    train.add_argument("--fold", type=whole, default=0, help="counted from 0 (default: %(default)s)")
    _training_options(train)
    every = command("cross-validate", _cross_validate, "train a detector on every fold and judge it")
    every.add_argument("--folds", type=whole, nargs="+", metavar="K", help="these only")
    _training_options(every)
    judge = command("evaluate", _evaluate, "AUC, operating points and calibration of tables of predictions")
    judge.add_argument("tables", type=Path, nargs="+", metavar="CSV", help="predictions.csv of each fold")
    judge.add_argument(
        "--subtypes",
        type=Path,
        nargs="+",
        default=[],
        metavar="CSV",
        help="for each table one of other scans, whose subtypes are known, for --calibrate to tell these",
    )
    choice = judge.add_mutually_exclusive_group()
    choice.add_argument(
        "--temperature", type=positive, default=1.0, help="divides logits (default: %(default)s)"
    )
    choice.add_argument(
        "--calibrate", action="store_true", help="fit temperatures and offsets; of each table to the others"
    )
    choice.add_argument("--model", type=Path, help="calibration and thresholds of this model folder")
    judge.add_argument(
        "--picture", type=Path, metavar="SVG", help="draw the reliability curve, which the table gives"
    )
    export = command("export", _export, "make a model of a trained fold for 'ichseg detect --model'")
    export.add_argument("folder", type=Path, metavar="FOLD", help="folder of a trained fold")
    export.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    export.add_argument("--overwrite", action="store_true", help="replace what stands there")
    export.add_argument("--id", help="the model's id (default: made of the recipe's name)")
    export.add_argument("--version", default="1.0.0", help="the model's version (default: %(default)s)")
    export.add_argument("--licence", default="not stated", help="of the weights")
    return parser


def _training_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--recipe", default="al_fahim_detector", help=", ".join(DETECTOR_RECIPES))
    command.add_argument("--data", type=Path, required=True, help="data set from 'ichseg-train prepare'")
    command.add_argument("-o", "--out", type=Path, required=True, help="folder for weights and predictions")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, mps (default: %(default)s)")
    command.add_argument(
        "--workers", type=whole, default=0, help="processes that read (default: %(default)s)"
    )
    command.add_argument("--seed", type=whole, default=0, help="(default: %(default)s)")
    command.add_argument("--imagenet-weights", type=Path, metavar="FILE", help="to start the CNN from")


def _recipe(name: str) -> DetectorRecipe:
    if name not in DETECTOR_RECIPES:
        raise InputError(
            f"Expected the name of a detector's recipe, found '{name}'.",
            f"Known: {', '.join(DETECTOR_RECIPES)}.",
        )
    return DETECTOR_RECIPES[name]


def _train(options: Namespace) -> None:
    _train_folds(options, [options.fold])


def _cross_validate(options: Namespace) -> None:
    from ..datasets.prepared import fold_count

    folds = options.folds or range(fold_count(options.data))
    tables = _train_folds(options, list(folds))
    _tell(tables)


def _train_folds(options: Namespace, folds: Sequence[int]) -> list[Path]:
    from ICHSegmentationLib.inference.device import choose_device

    from .fold import PREDICTIONS, Options, train

    recipe = _recipe(options.recipe)
    chosen = Options(choose_device(options.device), options.workers, options.seed, options.imagenet_weights)
    tables = []
    for fold in folds:
        result = train(recipe, options.data, fold, options.out, chosen)
        steps = ", ".join(f"{step} {loss:.4f}" for step, loss in result.losses.items())
        print(f"fold {fold}: validation log loss: {steps}")
        tables.append(options.out / f"fold_{fold}" / PREDICTIONS)
    return tables


def _evaluate(options: Namespace) -> None:
    from ICHSegmentationLib.detection.calibration import Calibration
    from ICHSegmentationLib.detection.operating_point import OperatingPoint
    from ICHSegmentationLib.models import ModelFolder

    from .fitting import fit_calibration, out_of_fold
    from .predictions import read_predictions

    if options.subtypes and len(options.subtypes) != len(options.tables):
        raise InputError(
            f"Expected one table of known subtypes for each of {len(options.tables)} tables, found "
            f"{len(options.subtypes)}.",
            "Give them in the order of the folds.",
        )
    if options.model is not None:
        point = OperatingPoint.of(ModelFolder.open(options.model).manifest)
        thresholds = point.thresholds.tolist(), point.scan_thresholds.tolist()
        _tell(options.tables, options.picture, point.calibration, thresholds=thresholds)
    elif options.calibrate:
        tables, known = (
            [read_predictions([p]) for p in paths] for paths in (options.tables, options.subtypes)
        )
        fitted = fit_calibration(*([row for rows in each for row in rows] for each in (tables, known)))
        _tell(options.tables, options.picture, fitted, out_of_fold(tables, known))
    else:
        _tell(options.tables, options.picture, Calibration(options.temperature))


def _tell(tables: Sequence[Path], picture: Path | None = None, *calibration: Any, **thresholds: Any) -> None:
    from .evaluation import evaluate
    from .page import page
    from .predictions import read_predictions
    from .reliability_picture import reliability_picture

    found = evaluate(read_predictions(tables), *calibration, **thresholds)
    print(page(found), end="")
    if picture is not None:
        picture.write_text(reliability_picture(found.curve), "utf-8")


def _export(options: Namespace) -> None:
    from .export import export

    manifest = export(
        options.folder,
        options.out,
        options.id,
        options.version,
        licence=options.licence,
        overwrite=options.overwrite,
    )
    print(f"{manifest.id} in {options.out}")


if __name__ == "__main__":
    sys.exit(main())
