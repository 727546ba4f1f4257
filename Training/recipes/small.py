"""Each recipe in a size that one CPU core trains in minutes: what a method comes to where there is no GPU.

A quarter of the features and wider pixels; few steps, and what lets a network learn from so few: at least
half of the patches on a hemorrhage, batches of 8 slices, a higher learning rate that falls to 0, and the
minimum and maximum of brain and blood where a method (000) takes those of the whole scan, between which they
differ by a hundredth; there three to five times the steps, too. An image encoder (003) keeps its layers.
Everything else is as it was.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from .recipe import OptimizerRecipe, Recipe, SchedulerRecipe, StageRecipe, Three

_WIDER = {512: 4.0, 320: 5.0, 256: 4.0, 128: 4.0}
"""By how much pixels grow, for each side of a patch."""
_FEWEST_PIXELS = 64
"""Of a patch's side; crops of 128 pixels, which become these, see twice as much of the head."""
_MOST_SLICES = 32
"""Cubes are made of scans with as many slices or fewer."""
_FEATURES = ("features", "first_features", "growth", "decoder_features", "node_features")
_FEWEST_FEATURES = 8
_OWN_MM = (5.0, 0.45, 0.45)
"""Where a stage sees scans on their own grid: what head CTs mostly have."""

_EPOCHS, _SLICES_OF_BATCH = 20, 8
_SLICE_STEPS, _VOXELS = 400, 800 * 16 * 64 * 64
"""Of a whole training, shared by its stages: steps of 2D networks, voxels that volumes' patches sum up to."""
_LONGER = {2: 5, 3: 3}
"""Where every patch is a whole scan, or a whole slice of one, few of its voxels are hemorrhage."""

_BRAIN = ((40.0, 80.0),)
_LESION_SHARE = 0.5
_LEARNING_RATE = {2: 3e-3, 3: 1e-2}
"""The lowest, of networks that see slices or volumes."""
_FALLING = SchedulerRecipe("poly", {"power": 0.9})


def small(recipe: Recipe) -> Recipe:
    """``recipe`` with a quarter of the features, wider pixels and a few hundred steps a stage."""
    count = len(recipe.stages)
    return replace(
        recipe, name=f"{recipe.name}_small", stages=tuple(_small(stage, count) for stage in recipe.stages)
    )


def _small(stage: StageRecipe, stages: int) -> StageRecipe:
    flat = stage.dimensions == 2
    wider = _WIDER[stage.patch[-1]]
    patch = _fewer(stage.patch)
    batch = _SLICES_OF_BATCH if flat else stage.batch
    steps = (_SLICE_STEPS if flat else _VOXELS // (batch * prod(patch))) // stages
    if stage.shape and stage.input_use != "region":
        steps *= _LONGER[stage.dimensions]
    slices_mm, row_mm, column_mm = stage.spacing_mm or _OWN_MM
    return replace(
        stage,
        network={**stage.network, **_quarter(stage.network)},
        patch=patch,
        shape=stage.shape and _fewer(stage.shape),
        spacing_mm=None if stage.shape else (slices_mm, row_mm * wider, column_mm * wider),
        batch=batch,
        windows=stage.windows or (_BRAIN if stage.normalisation == "minmax" else ()),
        epochs=_EPOCHS,
        iterations_per_epoch=max(1, steps // _EPOCHS),
        lesion_share=max(stage.lesion_share, _LESION_SHARE),
        optimizer=_faster(stage),
        scheduler=_FALLING if stage.scheduler.name == "constant" else stage.scheduler,
        # Crops of single slices would overlap fourfold, which an image encoder takes hours for.
        window_step=patch if flat else _step(stage, patch),
    )


def _fewer(size: Three) -> Three:
    slices, rows, columns = size
    return min(slices, _MOST_SLICES), _pixels(rows), _pixels(columns)


def _pixels(side: int) -> int:
    return max(_FEWEST_PIXELS, round(side / _WIDER[side]))


def _step(stage: StageRecipe, patch: Three) -> Three | None:
    """The same share of a patch from window to window."""
    if stage.window_step is None:
        return None
    a, b, c = (
        step * few // many for step, few, many in zip(stage.window_step, patch, stage.patch, strict=True)
    )
    return a, b, c


def _faster(stage: StageRecipe) -> OptimizerRecipe:
    rate = max(stage.optimizer.learning_rate, _LEARNING_RATE[stage.dimensions])
    return replace(stage.optimizer, learning_rate=rate)


def _quarter(network: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _less(network[key]) for key in _FEATURES if key in network}


def _less(features: Any) -> Any:
    if isinstance(features, int):
        return max(_FEWEST_FEATURES, features // 4)
    return [max(_FEWEST_FEATURES, each // 4) for each in features]
