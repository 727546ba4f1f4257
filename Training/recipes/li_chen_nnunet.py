"""Li and Chen, "nnU-Net for Intracranial Hemorrhage Segmentation" (INSTANCE 2022).

Sections in brackets; (nnU-Net) stands where the paper leaves nnU-Net as it is. See docs/recipes.md.
"""

from dataclasses import replace

from . import nnunet_settings as nnunet
from .recipe import EnsembleRecipe, LossRecipe, LossTerm, Recipe, StageRecipe, Step

_SPACING_MM = (5.0, 0.42, 0.42)  # [1] "the pixel spacing of a CT volume"

# [3.2] eq. 1 and 2
_WEIGHTED = LossRecipe(
    (LossTerm("dice", 0.6), LossTerm("cross_entropy", 0.4, {"class_weights": (0.2, 0.8)})),
    level_weights="halving",  # (nnU-Net)
)
# [3.3] names random elastic deformations, which nnU-Net leaves out; their strength is (chosen)
_ELASTIC = Step("elastic", {"spacing": 40, "pixels": (2.0, 8.0), "probability": 0.2})

_VOLUMES = StageRecipe(
    name="volumes",
    network={
        "kind": "nnunet",
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "features": [32, 64, 128, 256, 320],  # [3.2] five levels; (nnU-Net) at most 320
        # (nnU-Net) slices are halved, and kernels are cubes, once pixels have grown to half a slice's height
        "strides": [[1, 2, 2], [1, 2, 2], [1, 2, 2], [2, 2, 2]],
        "flat_levels": 3,
        "deep_supervision": 2,
    },
    spacing_mm=_SPACING_MM,
    patch=(16, 320, 320),  # [3.2]
    batch=2,  # (nnU-Net)
    normalisation="mean_std",  # (nnU-Net) of the hemorrhage voxels; fitted to the data set
    augmentation=(_ELASTIC, *nnunet.AUGMENTATION),
    lesion_share=nnunet.LESION_SHARE,
    loss=_WEIGHTED,
    optimizer=nnunet.adam(0.01),  # [3.3]
    scheduler=nnunet.POLY,  # [3.3] eq. 3
    epochs=nnunet.EPOCHS,  # [3.3]
    iterations_per_epoch=nnunet.ITERATIONS,  # [3.3]
    window_step=(8, 160, 160),  # (nnU-Net) half a patch
    window_blend="gaussian",  # (nnU-Net)
    deep_supervision=True,  # (nnU-Net)
    activation="softmax",
)

_SLICES = replace(
    _VOLUMES,
    name="slices",
    network={
        "kind": "nnunet",
        "spatial_dims": 2,
        "in_channels": 1,
        "out_channels": 2,
        "features": [32, 64, 128, 256, 480, 480, 480],  # [3.2] seven levels; (nnU-Net) at most 480
        "strides": [[2, 2]] * 6,
        "deep_supervision": 4,
    },
    patch=(1, 512, 512),  # [3.2]
    batch=12,  # (nnU-Net)
    augmentation=(_ELASTIC, *nnunet.AUGMENTATION_2D),
    window_step=(1, 256, 256),
)

# [3.4] and Table 1: three configurations, five folds each, make the 15 models that vote
_VOTE = EnsembleRecipe(
    method="half_ratio",
    recipes=("li_chen_2d", "li_chen_2d_wce", "li_chen_nnunet"),
    half_ratio_threshold=0.5,
    few_votes=1,
    many_votes=7,
)

RECIPE = Recipe(
    name="li_chen_nnunet",
    paper="Li and Chen, nnU-Net for Intracranial Hemorrhage Segmentation (INSTANCE 2022)",
    stages=(_VOLUMES,),
    folds=5,
    ensemble=_VOTE,
)
SLICES_WEIGHTED = replace(RECIPE, name="li_chen_2d_wce", stages=(_SLICES,))
SLICES = replace(RECIPE, name="li_chen_2d", stages=(replace(_SLICES, loss=nnunet.LOSS),))

VARIANTS = (SLICES_WEIGHTED, SLICES)
