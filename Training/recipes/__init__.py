"""The published methods as recipes, one file a paper."""

from ICHSegmentationLib.errors import InputError

from . import al_fahim_unetpp, li_chen_nnunet, qayyum_coarse_fine, xu_cascade, zhao_cascade
from .debug import debug
from .recipe import (
    EnsembleRecipe,
    Intensities,
    LossRecipe,
    LossTerm,
    OptimizerRecipe,
    PostprocessRecipe,
    Recipe,
    SchedulerRecipe,
    StageRecipe,
    Step,
)
from .small import small

__all__ = [
    "EnsembleRecipe",
    "Intensities",
    "LossRecipe",
    "LossTerm",
    "OptimizerRecipe",
    "PostprocessRecipe",
    "Recipe",
    "SchedulerRecipe",
    "StageRecipe",
    "Step",
    "debug",
    "recipe",
    "recipes",
    "small",
]

_PAPERS = (qayyum_coarse_fine, zhao_cascade, li_chen_nnunet, al_fahim_unetpp, xu_cascade)
_SIZES = {"debug": debug, "small": small}


def recipes() -> dict[str, Recipe]:
    """Every recipe by name: of each paper its method, then its variants."""
    return {each.name: each for paper in _PAPERS for each in (paper.RECIPE, *paper.VARIANTS)}


def recipe(name: str) -> Recipe:
    """The recipe of this name; :func:`debug` and :func:`small` make ``NAME_debug`` and ``NAME_small``.

    Raises:
        InputError: there is none.
    """
    known = recipes()
    if name in known:
        return known[name]
    whole, _, size = name.rpartition("_")
    if whole in known and size in _SIZES:
        return _SIZES[size](known[whole])
    raise InputError(f"Expected the name of a recipe, found '{name}'.", f"Recipes: {', '.join(known)}.")
