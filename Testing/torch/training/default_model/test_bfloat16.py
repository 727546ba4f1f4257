import copy

import torch
from torch import nn

from ICHSegmentationLib.networks.residual_unet import ResidualUNet
from Training.default_model.bfloat16 import keep_deep_levels_in_float32


def a_network():
    torch.manual_seed(0)
    return ResidualUNet(features=(4, 8, 8, 16, 16, 16, 16), deep_supervision=1)


def precisions(network, image):
    """What each convolution that lies directly in a level gave, by name, under autocast."""
    seen = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.dtype}))
    with torch.autocast("cpu", torch.bfloat16):
        network(image)
    return seen


def test_images_of_few_pixels_are_computed_in_float32():
    network, sizes = a_network(), {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            module.register_forward_hook(lambda _, __, out, name=name: sizes.update({name: out.shape[-1]}))
    keep_deep_levels_in_float32(network)
    found = precisions(network, torch.randn(1, 1, 8, 128, 128))
    levels = {name for name in found if ".output_block" not in name and ".heads" not in name}
    assert {name for name in levels if sizes[name] <= 8} <= {n for n in found if found[n] == torch.float32}
    assert {found[name] for name in levels if sizes[name] >= 32} == {torch.bfloat16}


def test_it_computes_the_same_but_for_rounding():
    network, image = a_network().eval(), torch.randn(1, 1, 8, 64, 64)
    exact = copy.deepcopy(network)(image)
    keep_deep_levels_in_float32(network)
    assert torch.equal(network(image), exact)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(image).float()
    assert torch.allclose(rounded, exact, atol=0.05 * exact.abs().max().item())
