"""The commands of ``ichseg-train``. Nothing heavy is imported before one needs it: ``--help`` is quick."""

import argparse
import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ICHSegmentationLib.cli.say import say

from .cli_options import evaluate_options, model_options, nnunet_options, prepare_options, training_options
from .command import carry_out
from .number_types import count, whole

if TYPE_CHECKING:
    from .loop.export import About
    from .loop.fold import FoldResult
    from .loop.options import TrainOptions
    from .recipes import Recipe


def run(arguments: Sequence[str] | None) -> int:
    """What :func:`.cli.main` does, once it can be ended."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.getLogger("Training").setLevel(logging.DEBUG if options.debug else logging.INFO)
    return carry_out(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ichseg-train",
        description="Train published methods of hemorrhage segmentation, export them.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("--debug", action="store_true", help="show tracebacks and what libraries log")
        return added

    prepare_options(command("prepare", _prepare, "check a data set and deal its patients to folds"))
    nnunet_options(command("to-nnunet", _to_nnunet, "write a prepared data set in nnU-Net's raw format"))
    train = command("train", _train, "train a recipe on one fold, or go on with an interrupted training")
    train.add_argument("--fold", type=whole, default=0, help="counted from 0 (default: %(default)s)")
    training_options(train)
    every = command("cross-validate", _cross_validate, "train a recipe on all folds of the data, or on some")
    every.add_argument("--folds", type=whole, nargs="+", metavar="K", help="these only")
    training_options(every)
    evaluate_options(command("evaluate", _evaluate, "compare masks with reference masks"))
    ensemble = command("ensemble", _ensemble, "make one model of several trained folds")
    ensemble.add_argument("folds", type=Path, nargs="+", metavar="FOLD", help="folder of a trained fold")
    ensemble.add_argument("--method", choices=("mean", "half_ratio"), help="default: what the recipe says")
    ensemble.add_argument(
        "--best",
        type=count,
        help="only so many folds, by their validation Dice; default: what the recipe says",
    )
    model_options(ensemble)
    export = command("export", _export, "make a model of a trained fold, or turn a model into another form")
    export.add_argument("source", type=Path, metavar="SOURCE", help="folder of a trained fold, or of a model")
    export.add_argument(
        "--format", choices=("model", "bundle", "torchscript", "onnx"), default="model",
        help="model: a folder for 'ichseg segment --model'; bundle: a MONAI Bundle (default: %(default)s)",
    )  # fmt: skip
    model_options(export)
    recipes = command("recipes", _recipes, "list the recipes, or show one with every setting")
    recipes.add_argument("name", nargs="?", help="of a recipe; NAME_small and NAME_debug are smaller sizes")
    return parser


def _prepare(options: Namespace) -> None:
    from .datasets.prepare import prepare

    done = prepare(
        options.folder, options.out, options.adapter, options.folds, options.seed, options.processes
    )
    say(
        f"{done.adapter}: {done.kept} cases in {options.out}, {done.held_out} of them held out of the folds; "
        f"{done.left_out} left out, see problems.csv\n"
    )


def _to_nnunet(options: Namespace) -> None:
    from .datasets.nnunet_export import SPLITS_NAME, prepared_to_nnunet

    written = prepared_to_nnunet(options.prepared, options.out, options.id, options.name)
    say(f"{written}; its {SPLITS_NAME} belongs into nnU-Net's folder of preprocessed data\n")


def _train(options: Namespace) -> None:
    from .loop.fold import train

    _tell([train(_changed(options), options.data, options.fold, options.out, _train_options(options))])


def _cross_validate(options: Namespace) -> None:
    from .loop.cross_validation import cross_validate

    _tell(
        cross_validate(_changed(options), options.data, options.out, _train_options(options), options.folds)
    )


def _tell(results: "Sequence[FoldResult]") -> None:
    """What the folds came to, told by the first process of several."""
    for result in results if os.environ.get("RANK", "0") == "0" else ():
        say(f"fold {result.fold}: Dice {result.dice:.4f} on the validation cases, in epoch {result.epoch}\n")


def _changed(options: Namespace) -> "Recipe":
    """The recipe with what the command line asks for instead."""
    from .recipes import recipe

    found = recipe(options.recipe)
    asked = {"epochs": options.epochs, "iterations_per_epoch": options.iterations, "batch": options.batch}
    changes = {name: value for name, value in asked.items() if value is not None}
    stages = [replace(stage, **changes) for stage in found.stages]
    if options.patch is not None:
        slices, rows, columns = options.patch
        stages = [stage.with_patch((slices, rows, columns)) for stage in stages]
    if options.gradient_clip is not None:
        stages = [
            replace(stage, optimizer=replace(stage.optimizer, gradient_clip=options.gradient_clip))
            for stage in stages
        ]
    found = replace(found, stages=tuple(stages))
    return found.with_encoder_weights(options.encoder_weights) if options.encoder_weights else found


def _train_options(options: Namespace) -> "TrainOptions":
    from .loop.options import TrainOptions

    return TrainOptions(
        options.accelerator, options.precision, options.workers, options.seed, options.validate_every
    )


def _evaluate(options: Namespace) -> None:
    from ICHSegmentationLib.errors import InputError

    from .datasets.prepared import load_held_out, load_split
    from .evaluation.folder import evaluate_folder

    references = options.references
    if options.fold is not None:
        references = load_split(options.references, options.fold)[1]
    elif options.held_out:
        references = load_held_out(options.references)
        if not references:
            raise InputError(
                f"Expected held-out cases in {options.references}, but the data set holds out no case.",
                "Take --fold, or prepare data with a split of its own.",
            )
    evaluate_folder(options.predictions, references, options.out, options.images)
    say(f"Report: {options.out / 'report.html'}\n")


def _ensemble(options: Namespace) -> None:
    from .loop.export import export

    manifest = export(
        options.folds, options.out, _about(options), options.method, options.best, options.overwrite
    )
    say(f"{manifest.id}: {len(manifest.members) or 1} models in {options.out}\n")


def _export(options: Namespace) -> None:
    from .loop.formats import export_as

    export_as(options.format, options.source, options.out, _about(options), options.overwrite)
    say(f"{options.format} in {options.out}\n")


def _about(options: Namespace) -> "About":
    from ICHSegmentationLib.models import DataSource

    from .loop.export import About

    sources = tuple(DataSource(*source) for source in options.data_source)
    return About(options.id, options.version, sources, options.licence)


def _recipes(options: Namespace) -> None:
    from .recipes import recipe, recipes

    if options.name:
        say(json.dumps(asdict(recipe(options.name)), indent=2, default=dict) + "\n")
        return
    for name, each in recipes().items():
        say(f"{name:24} {', '.join(stage.name for stage in each.stages):24} {each.paper}\n")
