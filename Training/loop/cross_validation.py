"""All folds of a recipe, or some: each patient's scans are validated by a model that never saw them."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_path
from Training.datasets.prepared import fold_count
from Training.recipes.recipe import Recipe

from .fabric import make_fabric
from .fold import RECORD, RESULT, FoldResult, fold_folder, train
from .options import TrainOptions

SUMMARY = "cross_validation.json"

_log = logging.getLogger(__name__)


def cross_validate(
    recipe: Recipe, prepared: Path, out: Path, options: TrainOptions, folds: Sequence[int] | None = None
) -> list[FoldResult]:
    """Train a recipe on each fold of a data set; folds that are done are not trained again.

    ``out`` then holds a folder for each fold and ``cross_validation.json`` with the validation Dice of each
    that was trained so far, their mean and standard deviation (over folds, divided by their number).

    Args:
        folds: counted from 0; None takes all that the data set was dealt to.

    Returns:
        What ``folds`` came to.

    Raises:
        InputError: the data set has not all of these folds; or see :func:`~.fold.train`.
    """
    count = fold_count(prepared)
    chosen = _chosen(folds, recipe, count)
    fabric = make_fabric(options)
    results = [train(recipe, prepared, fold, out, options, fabric) for fold in chosen]
    if fabric.is_global_zero:
        done = _done(out, count, like=chosen[0])
        scores = [result.dice for result in done]
        summary = {
            "recipe": recipe.name,
            "folds": [asdict(result) for result in done],
            "dice_mean": float(np.mean(scores)),
            "dice_std": float(np.std(scores)),
        }
        with atomic_path(out / SUMMARY) as temporary:
            temporary.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    return results


def _done(out: Path, count: int, like: int) -> list[FoldResult]:
    """The folds in ``out`` that were trained as the fold ``like``, also by other commands."""

    def told(fold: int, name: str) -> dict[str, Any]:
        return dict(json.loads((fold_folder(out, fold) / name).read_text("utf-8")))

    recipe = told(like, RECORD)["recipe"]
    trained = [fold for fold in range(count) if (fold_folder(out, fold) / RESULT).is_file()]
    return [FoldResult(**told(fold, RESULT)) for fold in trained if told(fold, RECORD)["recipe"] == recipe]


def _chosen(folds: Sequence[int] | None, recipe: Recipe, count: int) -> list[int]:
    if recipe.folds not in (None, count):
        _log.warning("%s was published with %d folds; these data have %d", recipe.name, recipe.folds, count)
    chosen = list(range(count) if folds is None else folds)
    absent = [fold for fold in chosen if not 0 <= fold < count]
    if absent or not chosen:
        raise InputError(
            f"Expected folds from 0 to {count - 1}, found {', '.join(map(str, absent)) or 'none'}.",
            "Ask for folds that the data set has, or prepare it with another number of them.",
        )
    return chosen
