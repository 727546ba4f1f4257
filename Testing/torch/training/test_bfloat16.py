import copy

import pytest
import torch
from torch import nn

from ICHSegmentationLib.networks.residual_unet import ResidualUNet
from Training.bfloat16 import keep_small_images_in_float32

CONVOLUTIONS = nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d


def a_network():
    torch.manual_seed(0)
    return ResidualUNet(features=(4, 8, 8, 16, 16, 16, 16), deep_supervision=1)


def precisions(network, image):
    """Of each convolution the smallest side of what it saw, and in what precision it answered."""
    seen = []
    for module in network.modules():
        if isinstance(module, CONVOLUTIONS):
            module.register_forward_hook(
                lambda _, given, out: seen.append((min(given[0].shape[-2:]), out.dtype))
            )
    with torch.autocast("cpu", torch.bfloat16):
        network(image)
    return seen


def test_convolutions_of_few_pixels_are_computed_in_float32():
    network = a_network()
    keep_small_images_in_float32(network)
    found = precisions(network, torch.randn(1, 1, 8, 128, 128))
    assert {precision for side, precision in found if side <= 16} == {torch.float32}
    assert {precision for side, precision in found if side > 16} == {torch.bfloat16}


def test_convolutions_of_slices_are_guarded_too():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 1, 2, 2))
    keep_small_images_in_float32(network)
    found = precisions(network, torch.randn(1, 1, 8, 64))
    assert found == [(8, torch.float32), (8, torch.float32)]


def test_it_computes_the_same_but_for_rounding():
    network, image = a_network().eval(), torch.randn(1, 1, 8, 64, 64)
    exact = copy.deepcopy(network)(image)
    keep_small_images_in_float32(network)
    assert torch.equal(network(image), exact)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(image).float()
    assert torch.allclose(rounded, exact, atol=0.05 * exact.abs().max().item())


def test_a_copy_computes_with_weights_of_its_own():
    network = nn.Conv2d(1, 1, 1, bias=False)
    keep_small_images_in_float32(network)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        twin.weight.fill_(2.0)
    assert twin(torch.ones(1, 1, 1, 1)).item() == pytest.approx(2.0)


def test_an_output_size_reaches_a_transposed_convolution():
    network = nn.ConvTranspose2d(1, 1, 3, 2, 1)
    keep_small_images_in_float32(network)
    assert network(torch.ones(1, 1, 4, 4), [8, 8]).shape == (1, 1, 8, 8)
