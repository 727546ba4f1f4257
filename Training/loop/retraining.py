"""The command that makes the weights of a trained fold again, from what its training wrote down."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ICHSegmentationLib.errors import InputError
from Training.recipes import recipe


def training_command(record: Mapping[str, Any]) -> str:
    """``ichseg-train train`` with the options by which a fold's stages differ from their recipe.

    Args:
        record: the fold's ``fold.json``.
    """
    name = record["recipe"]["name"]
    options = {
        "recipe": [name],
        "data": ["PREPARED"],
        "fold": [record["fold"]],
        "seed": [record["seed"]],
        **_changes(name, record["recipe"]["stages"]),
        "out": ["OUT"],
    }
    words = (word for option, values in options.items() for word in (f"--{option}", *map(str, values)))
    return shlex.join(("ichseg-train", "train", *words))


def _changes(name: str, stages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Options that stand in for what the recipe says; none for a recipe that only its author has."""
    try:
        whole = json.loads(json.dumps(asdict(recipe(name)), default=dict))
    except InputError:
        return {}
    published = {stage["name"]: stage for stage in whole["stages"]}
    changed: dict[str, list[Any]] = {}
    for trained in stages:
        said = _told(published.get(trained["name"], trained))
        for option, values in _told(trained).items():
            if values == said[option]:
                continue
            slices = changed.get(option, [0])[0]
            if option != "patch" or values[0] > slices:  # a stage of slices kept its single one
                changed[option] = values
    return changed


def _told(stage: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of a stage by the option of ``ichseg-train train`` that changes them."""
    return {
        "epochs": [stage["epochs"]],
        "iterations": [stage["iterations_per_epoch"]],
        "batch": [stage["batch"]],
        "patch": stage["patch"],
        "gradient-clip": [stage["optimizer"]["gradient_clip"]],
        "encoder-weights": ["WEIGHTS" if stage["encoder_weights"] else None],
    }
