"""Zhao et al., "3D Cascade U-Net for Intracranial Hemorrhage Segmentation on CT Images" (INSTANCE 2022).

Sections in brackets; (nnU-Net) stands where the paper is silent, as "the program is implemented using nnUNet"
[2.4]. See docs/recipes.md.
"""

from dataclasses import replace
from typing import Any

from . import nnunet_settings as nnunet
from .recipe import EnsembleRecipe, LossRecipe, LossTerm, Recipe, StageRecipe

# [2.2] 0..80, -20..180 and -150..230 HU
_WINDOWS = ((40.0, 80.0), (80.0, 200.0), (40.0, 380.0))
_BCE = LossTerm("binary_cross_entropy")


def _network(in_channels: int) -> dict[str, Any]:
    return {
        "kind": "pooled_unet",
        "in_channels": in_channels,
        "out_channels": 1,  # [2.3] "into 1 channel and a sigmoid"
        "features": [32, 64, 128, 256, 320],  # [2.3] initial 32, doubled, no more than 320
        "deep_supervision": 2,  # [5] "deeply supervised"; (nnU-Net) all but the two coarsest levels
    }


_COARSE = StageRecipe(
    name="coarse",
    network=_network(3),
    spacing_mm=(5.0, 0.42, 0.42),  # (nnU-Net) the data set's
    patch=(16, 320, 320),  # (nnU-Net) what it plans for this data set, see Li and Chen
    batch=2,  # (nnU-Net)
    windows=_WINDOWS,
    normalisation="window",  # [2.2] tells of clipping only
    augmentation=nnunet.AUGMENTATION,
    lesion_share=nnunet.LESION_SHARE,
    loss=LossRecipe(
        (LossTerm("dice", params={"squared": True}), _BCE), level_weights="halving"
    ),  # [2.4] eq. 1
    optimizer=nnunet.adam(0.01),  # [2.4]
    scheduler=nnunet.POLY,  # (nnU-Net)
    epochs=nnunet.EPOCHS,  # (nnU-Net)
    iterations_per_epoch=nnunet.ITERATIONS,  # (nnU-Net)
    window_step=(8, 160, 160),  # (nnU-Net)
    window_blend="gaussian",  # (nnU-Net)
    deep_supervision=True,
    activation="sigmoid",
)

# [2.3] "whose input is the output of probability map of the first stage". The image goes with it: a network
# that sees the map alone can only smooth it, and nnU-Net's own cascade joins the two. MAP_ONLY is the letter.
_FINE = replace(_COARSE, name="fine", network=_network(4), input_from="coarse", input_use="channel")

# Table 1: its three models are the "top three" of the ensemble [3, 4]
_TOP_THREE = EnsembleRecipe(method="mean", recipes=("zhao_cascade", "zhao_one_channel", "zhao_bce"), best=3)

RECIPE = Recipe(
    name="zhao_cascade",
    paper="Zhao et al., 3D Cascade U-Net for Intracranial Hemorrhage Segmentation on CT Images "
    "(INSTANCE 2022)",
    stages=(_COARSE, _FINE),
    folds=5,  # [2.4]
    ensemble=_TOP_THREE,
)


def _one_channel(stage: StageRecipe, in_channels: int) -> StageRecipe:
    """[2.4] "the original image as the input": clipped and normalised as nnU-Net does."""
    return replace(stage, network=_network(in_channels), windows=(), normalisation="mean_std")


MAP_ONLY = replace(
    RECIPE,
    name="zhao_map_only",
    stages=(_COARSE, replace(_FINE, network=_network(1), input_use="replace")),
)
ONE_CHANNEL = replace(
    RECIPE, name="zhao_one_channel", stages=(_one_channel(_COARSE, 1), _one_channel(_FINE, 2))
)
BCE = replace(
    RECIPE,
    name="zhao_bce",
    stages=tuple(
        replace(stage, loss=LossRecipe((_BCE,), level_weights="halving")) for stage in RECIPE.stages
    ),
)
SINGLE_STAGE = replace(RECIPE, name="zhao_single_stage", stages=(_COARSE,), ensemble=EnsembleRecipe())

VARIANTS = (MAP_ONLY, ONE_CHANNEL, BCE, SINGLE_STAGE)
