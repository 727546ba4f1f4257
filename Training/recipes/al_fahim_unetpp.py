"""Al Fahim, "Detection, Classification, and Segmentation of Intracranial Haemorrhages" (2021); segmentation.

Sections in brackets; (chosen) stands where the text is silent. See docs/recipes.md.
"""

from dataclasses import replace

from .recipe import LossRecipe, LossTerm, OptimizerRecipe, Recipe, StageRecipe

_BRAIN, _SUBDURAL, _SOFT_TISSUE = (40.0, 120.0), (80.0, 200.0), (40.0, 380.0)  # [IV.B.2]

# [IV.B.3] taken over the batch, as most crops hold no hemorrhage and have no distance of their own (chosen)
_JACCARD = LossRecipe((LossTerm("jaccard", params={"batch": True}),))
_BCE = LossRecipe((LossTerm("binary_cross_entropy"),))

_CROPS = StageRecipe(
    name="crops",
    network={
        "kind": "nested_unet",
        "encoder": "densenet169",  # [Table II] the best
        "in_channels": 3,  # [IV.B.2]
        "out_channels": 1,
        "node_features": [16, 32, 64, 128, 256],  # (chosen) as the published Keras code of U-Net++
    },
    patch=(1, 128, 128),  # [IV.B.2] on the scan's own pixels
    batch=32,  # (chosen)
    windows=(_BRAIN,) * 3,  # [IV.B.2] first approach: the brain window copied
    normalisation="window",
    loss=_JACCARD,  # [Table II] the best
    optimizer=OptimizerRecipe("adam", 1e-3),  # (chosen) the default of Keras
    epochs=100,  # [IV.B.3]
    iterations_per_epoch=3447,  # (chosen) 49 crops of each of four fifths of the data set's 2814 slices
    window_step=(1, 64, 64),  # [IV.B.2] "49 crops per CT slice"
    activation="sigmoid",
)

RECIPE = Recipe(
    name="al_fahim_unetpp",
    paper="Al Fahim, Detection, Classification, and Segmentation of Intracranial Haemorrhages (2021)",
    stages=(_CROPS,),
)


def _with(encoder: str, loss: LossRecipe, name: str) -> Recipe:
    network = {**_CROPS.network, "encoder": encoder}
    return replace(RECIPE, name=name, stages=(replace(_CROPS, network=network, loss=loss),))


# [Table II]; with or without ImageNet weights is told when training
RESNET50 = _with("resnet50", _BCE, "al_fahim_resnet50_bce")
VGG16 = _with("vgg16", _BCE, "al_fahim_vgg16_bce")
DENSENET121 = _with("densenet121", _BCE, "al_fahim_densenet121_bce")
DENSENET169 = _with("densenet169", _BCE, "al_fahim_densenet169_bce")
INCEPTION_RESNET_V2 = _with("inception_resnet_v2", _BCE, "al_fahim_inception_resnet_v2_bce")

THREE_WINDOWS = replace(  # [IV.B.2] second approach
    RECIPE,
    name="al_fahim_three_windows",
    stages=(replace(_CROPS, windows=(_BRAIN, _SUBDURAL, _SOFT_TISSUE)),),
)

WHOLE_SCANS = replace(  # [V]
    RECIPE,
    name="al_fahim_3d_additive",
    stages=(
        replace(
            _CROPS,
            name="scans",
            network={
                "kind": "additive_unetpp",
                "in_channels": 1,
                "out_channels": 1,
                "features": [32, 32, 64, 128, 256],  # (chosen) as MONAI's U-Net++
            },
            windows=(_BRAIN,),
            patch=(32, 512, 512),  # [V] 512 x 512 x number of slices; longer scans in windows
            batch=1,  # (chosen)
            iterations_per_epoch=66,  # (chosen) four fifths of 82 scans
            window_step=(16, 512, 512),
        ),
    ),
)

VARIANTS = (
    RESNET50,
    VGG16,
    DENSENET121,
    DENSENET169,
    INCEPTION_RESNET_V2,
    THREE_WINDOWS,
    WHOLE_SCANS,
)
