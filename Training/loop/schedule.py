"""Optimizers of the recipes, and their learning rate as a function of the epoch alone.

As no scheduler keeps a state of its own, a resumed training cannot lose it.
"""

import math
from collections.abc import Iterable

import torch
from torch import nn

from Training.recipes.recipe import OptimizerRecipe, SchedulerRecipe, StageRecipe

_OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


def make_optimizer(recipe: OptimizerRecipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a recipe, at its first learning rate."""
    return _OPTIMIZERS[recipe.name](parameters, lr=recipe.learning_rate, **recipe.params)  # type: ignore[call-arg]


def learning_rate(stage: StageRecipe, epoch: int) -> float:
    """The learning rate of ``stage`` at this epoch, counted from 0."""
    return stage.optimizer.learning_rate * _factor(stage.scheduler, stage.epochs, epoch)


def _factor(scheduler: SchedulerRecipe, epochs: int, epoch: int) -> float:
    params = scheduler.params
    if scheduler.name == "poly":
        return (1 - epoch / params.get("epochs", epochs)) ** params["power"]
    if scheduler.name == "cosine_warm_restarts":
        place, period = float(epoch), float(params["first_period"])
        while place >= period:
            place, period = place - period, period * params.get("period_factor", 1)
        return (1 + math.cos(math.pi * place / period)) / 2
    return 1.0
