"""The network of a stage before it has learned anything."""

from pathlib import Path

from torch import nn

from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.encoders import load_imagenet_weights

from .recipes.recipe import StageRecipe


def fresh_network(stage: StageRecipe) -> nn.Module:
    """The stage's network with random weights, its encoder with those of a file where the stage names one.

    Raises:
        ModelError: the network cannot be built, or the file does not hold its encoder's weights.
    """
    network = build(stage.network)
    if stage.encoder_weights is not None:
        encoder = network.get_submodule("encoder")
        load_imagenet_weights(encoder, Path(stage.encoder_weights))
    return network
