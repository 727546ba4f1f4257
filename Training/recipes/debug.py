"""The same path through every part of the training in tiny sizes, to see that it runs."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from .recipe import Recipe, StageRecipe, Three

_EPOCHS, _ITERATIONS, _SPACING_MM = 2, 2, (5.0, 3.0, 3.0)

# What makes each kind of network small; its levels and the way they are joined stay as they are.
_SMALL: dict[str, dict[str, Any]] = {
    "residual_unet": {"features": [4, 4, 4, 4, 8, 8, 8]},
    "nnunet": {},
    "pooled_unet": {"features": [4, 4, 4, 8, 8]},
    "dense_unet": {"layers": 2, "first_features": 4, "growth": 4, "decoder_features": [8, 8, 4, 4, 4]},
    "nested_unet": {"node_features": [4, 4, 4, 8, 8]},
    "additive_unetpp": {"features": [4, 4, 4, 8, 8]},
}

# How much each kind of network shrinks slices, rows and columns on its way down.
_SHRINKING: dict[str, Three] = {
    "residual_unet": (4, 64, 64),
    "pooled_unet": (16, 16, 16),
    "dense_unet": (1, 32, 32),
    "nested_unet": (1, 32, 32),
    "additive_unetpp": (16, 16, 16),
}


def debug(recipe: Recipe) -> Recipe:
    """``recipe`` with small networks, patches and grids, and a few steps; everything else is as it was."""
    return replace(
        recipe,
        name=f"{recipe.name}_debug",
        stages=tuple(_small(stage) for stage in recipe.stages),
    )


def _small(stage: StageRecipe) -> StageRecipe:
    patch = _patch(stage)
    depth = max(8, patch[0])
    return replace(
        stage,
        network=_network(stage.network),
        patch=patch,
        shape=stage.shape and (depth, patch[1], patch[2]),
        spacing_mm=None if stage.shape else _SPACING_MM,
        batch=2,
        epochs=_EPOCHS,
        iterations_per_epoch=_ITERATIONS,
        window_step=patch,
    )


def _network(network: Mapping[str, Any]) -> dict[str, Any]:
    small = {**network, **_SMALL[network["kind"]]}
    return {**small, "features": [4] * len(network["features"])} if network["kind"] == "nnunet" else small


def _patch(stage: StageRecipe) -> Three:
    """What the network shrinks to two voxels side by side: no norm could be taken of a single one."""
    slices, rows, columns = _shrinking(stage.network)
    return (1 if stage.dimensions == 2 else slices), rows, 2 * columns


def _shrinking(network: Mapping[str, Any]) -> Three:
    if network["kind"] != "nnunet":
        return _SHRINKING[network["kind"]]
    *volume, rows, columns = (prod(along) for along in zip(*network["strides"], strict=True))
    return (volume[0] if volume else 1), rows, columns
