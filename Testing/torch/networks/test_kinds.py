"""What every kind of network must be able to, so that a trained one becomes a model."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights

SMALL: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "residual_unet": ({"features": [2, 2, 2, 2, 2, 2, 2]}, (1, 4, 64, 128)),
    "residual_unet in 2D": ({"features": [2] * 7, "spatial_dims": 2}, (1, 64, 128)),
    "nnunet": (
        {
            "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "features": [2, 2, 2, 2],
            "strides": [[1, 2, 2], [1, 2, 2], [2, 2, 2]], "flat_levels": 2, "deep_supervision": 1,
        },
        (1, 4, 16, 16),
    ),
    "pooled_unet": ({"features": [2, 2, 4, 4, 4]}, (3, 16, 32, 32)),
    "dense_unet": (
        {"layers": 2, "first_features": 4, "growth": 2, "decoder_features": [4, 4, 2, 2, 2]}, (1, 32, 64),
    ),
    "nested_unet": ({"encoder": "vgg16", "node_features": [2, 2, 2, 2, 2]}, (3, 32, 64)),
    "additive_unetpp": ({"features": [2, 2, 2, 2, 2]}, (1, 16, 16, 32)),
    "resnet18": ({"width": 2}, (3, 64, 64)),
}  # fmt: skip


def made(name: str) -> tuple[torch.nn.Module, Tensor]:
    """A network with running statistics of its own, and two images for it."""
    arguments, shape = SMALL[name]
    torch.manual_seed(0)
    network, images = build({"kind": name.split()[0], **arguments}), torch.rand(2, *shape)
    with torch.no_grad():
        network.train()(images)
    return network.eval(), images


@pytest.mark.parametrize("name", SMALL)
def test_a_network_filled_with_saved_weights_answers_as_the_saved_one(name: str, tmp_path: Path):
    network, images = made(name)
    save_weights(network, tmp_path / "weights.safetensors")
    load_weights(network, tmp_path / "weights.safetensors")  # both in the half precision of the file
    torch.manual_seed(1)
    arguments, _ = SMALL[name]
    other = build({"kind": name.split()[0], **arguments}).eval()
    with torch.no_grad():
        expected = network(images)
        assert not torch.allclose(other(images), expected)
        load_weights(other, tmp_path / "weights.safetensors")
        assert torch.allclose(other(images), expected)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", SMALL)
def test_a_traced_network_answers_as_the_network_with_one_tensor(name: str):
    network, images = made(name)
    with torch.no_grad():
        traced = torch.jit.trace(network, images[:1], check_trace=False)
        assert torch.allclose(traced(images), network(images), atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_every_parameter_gets_a_gradient(name: str):
    network, images = made(name)
    network.train()(images).square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
