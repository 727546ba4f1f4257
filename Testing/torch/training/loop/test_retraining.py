import json
import shlex
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import pytest

from Training.cli_commands import _changed, _parser
from Training.loop.retraining import training_command
from Training.recipes import Recipe, recipe


def record(trained: Recipe, seed: int = 0) -> dict[str, Any]:
    return json.loads(json.dumps({"recipe": asdict(trained), "fold": 2, "seed": seed}, default=dict))


CHANGES = (
    "",
    "--epochs 5 --iterations 3",
    "--batch 4 --gradient-clip 1.5",
    "--patch 1 64 64",
    "--patch 32 64 64",
)
RECIPES = ("qayyum_coarse_fine", "zhao_cascade_debug", "al_fahim_unetpp")


@pytest.mark.parametrize(
    ("name", "options"), [*product(RECIPES, CHANGES), ("al_fahim_unetpp", "--encoder-weights WEIGHTS")]
)
def test_the_command_trains_the_recipe_as_it_was_changed(name: str, options: str) -> None:
    asked = ["train", "--recipe", name, "--data", "D", "-o", "O", *shlex.split(options)]
    trained = _changed(_parser().parse_args(asked))
    command = training_command(record(trained, seed=7))
    again = _parser().parse_args(shlex.split(command)[1:])
    assert _changed(again) == trained
    assert (again.fold, again.seed) == (2, 7)


def test_the_command_of_an_unchanged_recipe_has_no_more_than_it_needs() -> None:
    told = training_command(record(recipe("xu_cascade")))
    assert told == "ichseg-train train --recipe xu_cascade --data PREPARED --fold 2 --seed 0 --out OUT"


def test_the_command_tells_no_place_on_the_disk() -> None:
    told = training_command(record(recipe("al_fahim_unetpp").with_encoder_weights("/mine/resnet.pth")))
    assert "--encoder-weights WEIGHTS" in told and "/mine" not in told


def test_a_recipe_of_ones_own_has_a_command_too() -> None:
    told = training_command(record(replace(recipe("xu_cascade"), name="mine")))
    assert "--recipe mine" in told
