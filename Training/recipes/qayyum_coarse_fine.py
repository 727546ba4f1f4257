"""Qayyum et al., "Automatic Segmentation of Intracranial hemorrhage using Coarse and Fine deep learning
models" (INSTANCE 2022).

Sections in brackets; (nnU-Net) or (chosen) stands where the paper is silent. See docs/recipes.md.
"""

from . import nnunet_settings as nnunet
from .recipe import EnsembleRecipe, LossRecipe, LossTerm, OptimizerRecipe, Recipe, StageRecipe, Step

# [1.2] HorizontalFlip, VerticalFlip, RandomGamma: the names of albumentations, whose RandomGamma draws the
# exponent from 0.8 to 1.2 and whose p is the probability.
_AUGMENTATION = (
    Step("flip", {"axis": "columns", "probability": 0.5}),
    Step("flip", {"axis": "rows", "probability": 0.5}),
    Step("gamma", {"smallest": 0.8, "largest": 1.2, "probability": 0.8}),
)
_ADAM = OptimizerRecipe("adam", 4e-4)  # [1.2]

_COARSE = StageRecipe(
    name="coarse",
    network={
        "kind": "dense_unet",
        "in_channels": 1,
        "out_channels": 1,
        "blocks": 5,  # [1.1]
        "layers": 6,  # [1.1]
        "first_features": 64,  # (chosen) as DenseNet, also the growth
        "growth": 32,
        "decoder_features": [256, 128, 64, 32, 16],  # (chosen)
    },
    shape=(16, 256, 256),  # [1.2]
    patch=(1, 256, 256),  # [1.1] "2D images are stacked to make a 3D segmentation mask"
    batch=2,  # [1.2]
    normalisation="minmax",  # [1.2]
    augmentation=_AUGMENTATION,
    loss=LossRecipe((LossTerm("binary_cross_entropy"),)),  # [1.2]
    optimizer=_ADAM,
    epochs=200,  # [1.2]
    iterations_per_epoch=640,  # (chosen) each of 80 x 16 slices once
    early_stopping=20,  # [1.2]
    window_step=(1, 256, 256),
    activation="sigmoid",
)

_FINE = StageRecipe(
    name="fine",
    network={
        "kind": "nnunet",  # [1.1]
        "spatial_dims": 3,
        "in_channels": 2,
        "out_channels": 2,
        "features": [32, 64, 128, 256, 320, 320],  # (nnU-Net) for 128 x 128 x 128
        "strides": [[2, 2, 2]] * 5,
        "deep_supervision": 3,
    },
    shape=(128, 128, 128),
    patch=(128, 128, 128),  # [1.1]
    batch=2,  # (nnU-Net)
    normalisation="minmax",
    augmentation=_AUGMENTATION,
    lesion_share=nnunet.LESION_SHARE,
    loss=nnunet.LOSS,  # (nnU-Net)
    optimizer=_ADAM,  # [1.1] "modified training and optimization parameters"
    scheduler=nnunet.POLY,  # (nnU-Net)
    epochs=500,  # [1.1]
    iterations_per_epoch=nnunet.ITERATIONS,  # (nnU-Net)
    input_from="coarse",
    input_use="channel",  # abstract: "cascaded the coarse segmentation masks ... along with input"
    input_mask=True,
    window_step=(128, 128, 128),
    deep_supervision=True,
    activation="softmax",
)

RECIPE = Recipe(
    name="qayyum_coarse_fine",
    paper="Qayyum et al., Automatic Segmentation of Intracranial hemorrhage using Coarse and Fine deep "
    "learning models (INSTANCE 2022)",
    stages=(_COARSE, _FINE),
    folds=5,  # [1.1]
    ensemble=EnsembleRecipe(best=1),  # [1.1] "selected the best fold"
)

VARIANTS: tuple[Recipe, ...] = ()
