"""What a manifest will say of a stage: training validates with exactly what later runs on scans."""

from collections.abc import Sequence

from ICHSegmentationLib.models import Earlier, Stage, StageInput
from Training.recipes.recipe import StageRecipe

Spacing = tuple[float, float, float]


def manifest_stage(
    stage: StageRecipe, spacing_mm: Spacing, weights: str = "", sha256: str = "", prefix: str = ""
) -> Stage:
    """The stage as it stands in a model's manifest.

    Args:
        spacing_mm: what the training scans mostly have, told where the stage has none of its own.
        weights, sha256: the weight file, once there is one.
        prefix: goes before the name of the earlier stage, as in an ensemble, whose stages bear one.
    """
    return Stage(
        network=dict(stage.network),
        weights=weights,
        sha256=sha256,
        spacing_mm=stage.spacing_mm or spacing_mm,
        patch=stage.patch,
        windows=stage.windows,
        input=StageInput(
            normalisation=stage.normalisation,
            window_step=stage.window_step or _half(stage.patch),
            window_blend=stage.window_blend,
            activation=stage.activation,
            mean_std=stage.mean_std,
            shape=stage.shape,
            own_spacing=stage.spacing_mm is None,
            earlier=_earlier(stage, prefix),
        ),
    )


def _half(patch: Sequence[int]) -> tuple[int, int, int]:
    a, b, c = (-(-side // 2) for side in patch)
    return a, b, c


def _earlier(stage: StageRecipe, prefix: str) -> Earlier | None:
    if stage.input_from is None:
        return None
    return Earlier(prefix + stage.input_from, stage.input_use, stage.input_mask, stage.region_enlarged)
