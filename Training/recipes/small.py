"""Each recipe in a size that one CPU core trains in minutes: what a method comes to where there is no GPU.

A quarter of the features, wider pixels over the same field of view, twenty short epochs. An image encoder
(003) keeps its layers. Everything else is as it was.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from .recipe import Recipe, StageRecipe, Three

_WIDER = {512: 4.0, 320: 5.0, 256: 4.0, 128: 2.0}
"""By how much pixels grow, for each side of a patch: it becomes 64 pixels, or 128."""
_FEATURES = ("features", "first_features", "growth", "decoder_features", "node_features")
_FEWEST = 8
_OWN_MM = (5.0, 0.45, 0.45)
"""Where a stage sees scans on their own grid: what head CTs mostly have."""

_EPOCHS, _LARGEST_BATCH = 20, 8
_SLICES, _VOXELS = 16, 10 * 16 * 64 * 64
"""Batches of an epoch: of slices, and the voxels that those of volumes share."""


def small(recipe: Recipe) -> Recipe:
    """``recipe`` with a quarter of the features, wider pixels and a few hundred steps a stage."""
    return replace(
        recipe, name=f"{recipe.name}_small", stages=tuple(_small(stage) for stage in recipe.stages)
    )


def _small(stage: StageRecipe) -> StageRecipe:
    wider = _WIDER[stage.patch[-1]]
    slices_mm, row_mm, column_mm = stage.spacing_mm or _OWN_MM
    patch = _fewer(stage.patch, wider)
    flat = stage.dimensions == 2
    return replace(
        stage,
        network={**stage.network, **_quarter(stage.network)},
        patch=patch,
        shape=stage.shape and _fewer(stage.shape, wider),
        spacing_mm=None if stage.shape else (slices_mm, row_mm * wider, column_mm * wider),
        batch=min(stage.batch, _LARGEST_BATCH),
        epochs=_EPOCHS,
        iterations_per_epoch=_SLICES if flat else max(1, _VOXELS // prod(patch)),
        # Crops of single slices would overlap fourfold, which an image encoder takes hours for.
        window_step=patch if flat else _fewer(stage.window_step or stage.patch, wider),
    )


def _fewer(size: Three, wider: float) -> Three:
    """Fewer rows and columns, and fewer slices where there are as many of them."""
    slices, rows, columns = size
    return (round(slices / wider) if slices == rows else slices), round(rows / wider), round(columns / wider)


def _quarter(network: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _less(network[key]) for key in _FEATURES if key in network}


def _less(features: Any) -> Any:
    if isinstance(features, int):
        return max(_FEWEST, features // 4)
    return [max(_FEWEST, each // 4) for each in features]
