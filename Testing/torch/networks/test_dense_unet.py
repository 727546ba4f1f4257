"""The coarse network of Qayyum et al., section 1.1."""

import pytest
import torch
from monai.networks.blocks import DenseBlock
from monai.networks.nets import DenseNet
from seen import outputs_of, parameters
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build

PAPER = {"kind": "dense_unet"}


@pytest.fixture(autouse=True)
def shapes_only():
    with torch.device("meta"):
        yield


def test_5_dense_blocks_each_consisting_of_6_dense_layers():
    blocks = [module for module in build(PAPER).modules() if isinstance(module, DenseBlock)]
    assert [len(block) for block in blocks] == [6] * 5


def test_the_first_convolutional_layer_uses_a_1x1_kernel_while_the_second_uses_3x3():
    for block in (module for module in build(PAPER).modules() if isinstance(module, DenseBlock)):
        for layer in block:
            assert [type(part) for part in layer] == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] * 2
            assert [layer[2].kernel_size, layer[5].kernel_size] == [(1, 1), (3, 3)]


def test_transitions_are_a_bn_layer_a_1x1_convolutional_layer_and_a_2x2_average_pooling_layer():
    transitions = build(PAPER).transitions
    assert len(transitions) == 5
    for bn, convolution, pooling in transitions:
        assert isinstance(bn, nn.BatchNorm2d) and convolution.kernel_size == (1, 1)
        assert isinstance(pooling, nn.AvgPool2d) and pooling.kernel_size == 2


def test_the_dense_blocks_have_an_increasing_number_of_feature_maps_at_each_encoder_stage():
    shapes = outputs_of(build(PAPER).eval(), DenseBlock, torch.zeros(1, 1, 256, 256))
    assert [shape[0] for shape in shapes] == [256, 320, 352, 368, 376]
    assert [shape[1] for shape in shapes] == [256, 128, 64, 32, 16]


def test_the_blocks_have_the_parameters_of_monais_densenet():
    monai = DenseNet(2, 1, 1, init_features=64, growth_rate=32, block_config=(6,) * 5).features
    blocks = build(PAPER).blocks
    assert [parameters(block) for block in blocks] == [
        parameters(getattr(monai, f"denseblock{n}")) for n in range(1, 6)
    ]


def test_a_slice_of_256x256_gets_one_answer_of_its_size():
    assert build(PAPER)(torch.zeros(2, 1, 256, 256)).shape == (2, 1, 256, 256)


def test_a_decoder_of_another_depth_is_refused():
    with pytest.raises(ModelError, match="expected 5 numbers of decoder features, found 2"):
        build({**PAPER, "decoder_features": [8, 4]})
