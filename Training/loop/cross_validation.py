"""All folds of a recipe, or some: each patient's scans are validated by a model that never saw them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_path
from Training.recipes.recipe import Recipe

from .fabric import make_fabric
from .fold import FoldResult, train
from .options import TrainOptions

SUMMARY = "cross_validation.json"


def cross_validate(
    recipe: Recipe, prepared: Path, out: Path, options: TrainOptions, folds: Sequence[int] | None = None
) -> list[FoldResult]:
    """Train a recipe on each of its folds; folds that are done are not trained again.

    ``out`` then holds a folder for each fold and ``cross_validation.json`` with the validation Dice of each,
    their mean and standard deviation (over folds, divided by their number).

    Args:
        folds: counted from 0; None takes all of the recipe's.

    Raises:
        InputError: see :func:`~.fold.train`.
    """
    chosen = list(range(recipe.folds)) if folds is None else list(folds)
    if not chosen:
        raise InputError("Expected at least one fold to train, found none.")
    fabric = make_fabric(options)
    results = [train(recipe, prepared, fold, out, options, fabric) for fold in chosen]
    if fabric.is_global_zero:
        scores = [result.dice for result in results]
        summary = {
            "recipe": recipe.name,
            "folds": [asdict(result) for result in results],
            "dice_mean": float(np.mean(scores)),
            "dice_std": float(np.std(scores)),
        }
        with atomic_path(out / SUMMARY) as temporary:
            temporary.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    return results
