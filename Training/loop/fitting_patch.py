"""Whether a network takes a patch, found out on PyTorch's ``meta`` device: without memory or computing."""

import torch

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.networks import build
from Training.recipes.recipe import StageRecipe


def misfit(stage: StageRecipe) -> str:
    """Why a stage's network cannot learn from batches of its patches; empty where it can."""
    shape = stage.patch[1:] if stage.dimensions == 2 else stage.patch
    with torch.device("meta"), torch.no_grad():
        network = build(stage.network).train()
        try:
            answer = network(torch.zeros(stage.batch, stage.input_channels, *shape))
        except (RuntimeError, ValueError) as error:  # what PyTorch's layers raise
            return str(error).partition("\n")[0].rstrip(".")
    found = tuple(answer.shape[-len(shape) :])
    return "" if found == shape else f"its answer has {' x '.join(map(str, found))} voxels"


def require_fit(stage: StageRecipe) -> None:
    """Refuse a patch that a stage's network does not take.

    Raises:
        InputError: its message names the patch and the stage.
    """
    why = misfit(stage)
    if why:
        raise InputError(
            f"Expected a patch that the network of '{stage.name}' can be trained on, found "
            f"{' x '.join(map(str, stage.patch))} voxels in batches of {stage.batch} ({why}).",
            "Choose a --patch whose sides the network can halve down to its lowest level, as it can those of "
            "the recipe ('ichseg-train recipes NAME' shows them).",
        )
