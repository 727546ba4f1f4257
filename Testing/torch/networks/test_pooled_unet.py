"""The network of Zhao et al., section 2.3."""

import pytest
import torch
from monai.networks.nets import BasicUNet
from seen import outputs_of, parameters
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build

PAPER = {"kind": "pooled_unet"}


@pytest.fixture(autouse=True)
def shapes_only():
    with torch.device("meta"):
        yield


def test_there_are_initial_32_feature_maps_doubled_along_each_downsampling_but_no_more_than_320():
    shapes = outputs_of(build(PAPER).eval(), nn.LeakyReLU, torch.zeros(1, 3, 16, 320, 320))
    assert [shape[0] for shape in shapes[:10:2]] == [32, 64, 128, 256, 320]
    assert [shape[1:] for shape in shapes[:10:2]] == [
        (16, 320, 320), (8, 160, 160), (4, 80, 80), (2, 40, 40), (1, 20, 20),
    ]  # fmt: skip


def test_they_are_halved_by_each_transposed_convolution_of_2x2x2():
    up = [module for module in build(PAPER).modules() if isinstance(module, nn.ConvTranspose3d)]
    assert [(layer.in_channels, layer.out_channels) for layer in up] == [
        (320, 160), (256, 128), (128, 64), (64, 32),
    ]  # fmt: skip
    assert all(layer.kernel_size == layer.stride == (2, 2, 2) for layer in up)


def test_downsampling_in_the_encoder_is_achieved_by_max_pooling():
    network = build(PAPER)
    pools = [module.kernel_size for module in network.modules() if isinstance(module, nn.MaxPool3d)]
    assert pools == [2, 2, 2, 2]
    assert all(m.stride == (1, 1, 1) for m in network.modules() if isinstance(m, nn.Conv3d))


def test_the_basic_module_is_conv_instance_norm_leaky_relu():
    kinds = (nn.Conv3d, nn.InstanceNorm3d, nn.LeakyReLU)
    order = [type(module) for module in build(PAPER).modules() if isinstance(module, kinds)]
    modules, heads = order[:-3], order[-3:]
    assert modules == list(kinds) * 18
    assert heads == [nn.Conv3d] * 3


def test_a_1x1x1_convolution_into_1_channel_of_the_initial_input_size_ends_the_network():
    network = build(PAPER).eval()
    assert network.heads[0].kernel_size == (1, 1, 1)
    assert network(torch.zeros(1, 3, 16, 64, 96)).shape == (1, 1, 16, 64, 96)


def test_training_answers_at_three_levels():
    assert build(PAPER).train()(torch.zeros(2, 3, 16, 64, 64)).shape == (2, 3, 1, 16, 64, 64)


def test_the_parameters_are_those_of_monais_basic_unet_but_for_the_last_level():
    monai = BasicUNet(3, 3, 1, features=(32, 64, 128, 256, 320, 32))
    # MONAI's last transposed convolution keeps 64 channels, this one halves them to 32 (kernel, bias); the
    # convolution behind it reads 32 fewer
    kept = 8 * 64 * 64 + 64 + 27 * (32 + 64) * 32
    halved = 8 * 64 * 32 + 32 + 27 * (32 + 32) * 32
    coarser_heads = (64 + 1) + (128 + 1)
    assert parameters(build(PAPER)) == parameters(monai) - kept + halved + coarser_heads


def test_more_supervised_levels_than_there_are_is_refused():
    with pytest.raises(ModelError, match="fewer than 4 levels"):
        build({**PAPER, "deep_supervision": 4})
