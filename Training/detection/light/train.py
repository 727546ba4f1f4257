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

_NEXT_CYCLE = 100  # seeds: no member has that of another's cycle


def train(scans: Sequence[LightScan], recipe: LightRecipe) -> nn.Module:
    """A network that learned from ``scans``, ready for use."""
    members = recipe.network.get("members", 1)
    return together([train_member(scans, recipe, number) for number in range(members)], recipe)


def train_member(scans: Sequence[LightScan], recipe: LightRecipe, number: int) -> nn.Module:
    """One network; its weights and the slices that it sees follow from its number."""
    seed = recipe.seed + number
    torch.manual_seed(seed)
    network = build({**recipe.network, "members": 1})
    # Convolutions of few channels run faster with the channels last.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for cycle in range(recipe.cycles):
        source = SliceSource(scans, recipe.weights, seed + _NEXT_CYCLE * cycle)
        network = fit(network, source, recipe.schedule)
    return network


def together(members: Sequence[nn.Module], recipe: LightRecipe) -> nn.Module:
    """The recipe's network of trained members."""
    if len(members) == 1:
        return members[0]
    network = build(recipe.network)
    for place, member in zip(network.members, members, strict=True):  # type: ignore[arg-type]
        place.load_state_dict(member.state_dict())
    return network.eval()


@torch.no_grad()
def slice_logits(network: nn.Module, codes: NDArray[np.uint8], neighbour_share: float) -> NDArray[np.float32]:
    """Logits ``[N, 6]`` of every picture ``[N, H, W]`` of a scan, its neighbours' mixed in."""
    network.eval()
    logits = network(torch.from_numpy(network_input(neighbours(codes)))).numpy()
    return with_neighbours(logits, neighbour_share)
