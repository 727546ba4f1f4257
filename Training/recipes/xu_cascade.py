"""Xu et al., "An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and Hemorrhagic Volume
Estimation".

Sections in brackets; (chosen) stands where the paper is silent. See docs/recipes.md.
"""

from dataclasses import replace
from typing import Any

from .recipe import (
    LossRecipe,
    LossTerm,
    OptimizerRecipe,
    Recipe,
    SchedulerRecipe,
    StageRecipe,
    Step,
)

FULLRES_MM = (5.0, 0.488, 0.488)  # [5.1] 3D-Fullres
LOWRES_MM = (5.0, 0.518, 0.518)  # [5.1] 3D-Lowres

_NETWORK: dict[str, Any] = {
    "kind": "residual_unet",
    "in_channels": 1,
    "out_channels": 2,
    "features": [32, 64, 128, 256, 320, 320, 320],  # (chosen) as nnU-Net
    "flat_levels": 2,  # (chosen)
    "deep_supervision": 5,  # [4.2] losses also in the middle: every decoder level but the bottleneck
}

_COARSE = StageRecipe(
    name="coarse",
    network=_NETWORK,
    spacing_mm=FULLRES_MM,  # [5.1] the first stage is the same as 3D-Fullres
    patch=(16, 320, 320),  # [4.1, 4.3]
    batch=2,  # (chosen)
    windows=((40.0, 90.0),),  # [3] "windows of 90 HU, and center level of 40 HU"
    normalisation="zscore",  # [4.3, 7)]
    augmentation=(
        Step("rotate", {"degrees": 30.0}),  # [4.3, 1)]
        Step("flip", {"axis": "rows"}),  # [4.3, 2)] vertical
        Step("flip", {"axis": "columns"}),  # horizontal
        Step("noise", {"std": 0.1, "probability": 0.5}),  # [4.3, 3)] strength (chosen)
        Step("smooth", {"sigma": (0.5, 1.0), "probability": 0.5}),  # [4.3, 4)] width (chosen)
        Step("contrast", {"change": 0.25, "probability": 0.5}),  # [4.3, 5)] strength (chosen)
    ),
    loss=LossRecipe((LossTerm("dice"), LossTerm("cross_entropy")), level_weights="equal"),  # [4.2] "added"
    optimizer=OptimizerRecipe("adamw", 1e-2),  # [4.3]
    # [4.3] names the schedule only; (chosen) periods of 20, 40, 80 and 160 epochs, which end together
    scheduler=SchedulerRecipe("cosine_warm_restarts", {"first_period": 20, "period_factor": 2}),
    epochs=300,
    iterations_per_epoch=119,  # (chosen) one patch of each of the 238 training scans [3]
    window_step=(8, 160, 160),  # [4.3]
    window_blend="constant",  # [4.3] "the overlapped places are averaged"
    deep_supervision=True,
    activation="softmax",
)

_FINE = replace(
    _COARSE,
    name="fine",
    input_from="coarse",
    input_use="region",  # [4.1] "this area is enlarged, cropped, resized"
    region_enlarged=1.5,  # (chosen)
    spacing_mm=None,
    shape=(16, 320, 320),  # [4.1]
)

RECIPE = Recipe(
    name="xu_cascade",
    paper="Xu et al., An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and Hemorrhagic "
    "Volume Estimation",
    stages=(_COARSE, _FINE),
)

# [5.1] gives the second stage the spacing of 3D-Lowres, which cannot hold beside the fixed size of [4.1].
CASCADE_SPACING = replace(
    RECIPE,
    name="xu_cascade_spacing",
    stages=(_COARSE, replace(_FINE, shape=None, spacing_mm=LOWRES_MM)),
)
FULLRES = replace(RECIPE, name="xu_3d_fullres", stages=(_COARSE,))
LOWRES = replace(RECIPE, name="xu_3d_lowres", stages=(replace(_COARSE, spacing_mm=LOWRES_MM),))
SLICES = replace(
    RECIPE,
    name="xu_2d",
    stages=(
        replace(
            _COARSE,
            name="slices",
            network={**_NETWORK, "spatial_dims": 2},
            spacing_mm=None,
            patch=(1, 512, 512),  # [5.1] 2D-Model
            batch=12,  # (chosen)
            iterations_per_epoch=555,  # (chosen) each of 238 x 28 slices once
            window_step=(1, 256, 256),
        ),
    ),
)

VARIANTS = (CASCADE_SPACING, FULLRES, LOWRES, SLICES)
