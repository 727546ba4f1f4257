"""What nnU-Net sets unless told otherwise: the papers that "followed the training procedure of nnU-Net" name
only what they changed.

Isensee et al., Nature Methods 18 (2021), supplementary note 2, and the first version's code, with which the
papers of 2022 were made.
"""

from .recipe import LossRecipe, LossTerm, OptimizerRecipe, SchedulerRecipe, Step

AUGMENTATION: tuple[Step, ...] = (
    Step("rotate", {"degrees": 180.0, "probability": 0.2}),  # in plane only, as the voxels are far from cubes
    Step("scale", {"smallest": 0.7, "largest": 1.4, "probability": 0.2}),
    Step("noise", {"std": 0.1, "probability": 0.1}),
    Step("smooth", {"sigma": (0.5, 1.0), "probability": 0.1}),  # 0.2 of the patches, half of their channels
    Step("brightness", {"change": 0.25, "probability": 0.15}),
    Step("contrast", {"change": 0.25, "probability": 0.15}),
    Step("low_resolution", {"smallest": 0.5, "probability": 0.125}),  # 0.25, half of their channels
    Step(
        "gamma",
        {
            "smallest": 0.7,
            "largest": 1.5,
            "probability": 0.1,
            "inverted": True,
            "keep_mean_and_std": True,
        },
    ),
    Step("gamma", {"smallest": 0.7, "largest": 1.5, "probability": 0.3, "keep_mean_and_std": True}),
    Step("flip", {"axis": "slices"}),
    Step("flip", {"axis": "rows"}),
    Step("flip", {"axis": "columns"}),
)
AUGMENTATION_2D: tuple[Step, ...] = tuple(
    step for step in AUGMENTATION if step.params.get("axis") != "slices"
)

LOSS = LossRecipe((LossTerm("dice"), LossTerm("cross_entropy")), level_weights="halving")
LESION_SHARE = 1 / 3
EPOCHS, ITERATIONS = 1000, 250
POLY = SchedulerRecipe("poly", {"power": 0.9})


def adam(learning_rate: float) -> OptimizerRecipe:
    """Adam with nnU-Net's weight decay and the norm to which it clips gradients."""
    return OptimizerRecipe("adam", learning_rate, {"weight_decay": 3e-5}, gradient_clip=12.0)
