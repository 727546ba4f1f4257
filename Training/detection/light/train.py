"""Train the light detector, and hear what it says of scans."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ICHSegmentationLib.detection.operating_point import with_neighbours
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.preparation.brain_slices import neighbours, network_input

from .batches import SliceSource
from .loop import fit
from .recipe import LightRecipe
from .scan import LightScan


def train(scans: Sequence[LightScan], recipe: LightRecipe) -> nn.Module:
    """A network that learned from ``scans``, ready for use."""
    torch.manual_seed(recipe.seed)
    network = build(recipe.network)
    # Convolutions of few channels run faster with the channels last.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fit(network, SliceSource(scans, recipe.weights, recipe.seed), recipe.schedule)


@torch.no_grad()
def slice_logits(network: nn.Module, codes: NDArray[np.uint8], neighbour_share: float) -> NDArray[np.float32]:
    """Logits ``[N, 6]`` of every picture ``[N, H, W]`` of a scan, its neighbours' mixed in."""
    network.eval()
    logits = network(torch.from_numpy(network_input(neighbours(codes)))).numpy()
    return with_neighbours(logits, neighbour_share)
