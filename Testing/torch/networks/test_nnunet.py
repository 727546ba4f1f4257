"""The networks of Li and Chen, section 3.2."""

import pytest
import torch
from seen import outputs_of, parameters
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build

FLAT = {
    "kind": "nnunet", "spatial_dims": 2, "in_channels": 1, "out_channels": 2,
    "features": [32, 64, 128, 256, 480, 480, 480], "strides": [[2, 2]] * 6, "deep_supervision": 4,
}  # fmt: skip
VOLUME = {
    "kind": "nnunet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2,
    "features": [32, 64, 128, 256, 320], "strides": [[1, 2, 2]] * 3 + [[2, 2, 2]],
    "flat_levels": 3, "deep_supervision": 2,
}  # fmt: skip


@pytest.fixture(autouse=True)
def shapes_only():
    with torch.device("meta"):
        yield


def test_2d_image_size_512x512_the_encoder_contains_7_level_of_2d_convolutional_layers():
    network = build(FLAT).eval()
    shapes = outputs_of(network, nn.LeakyReLU, torch.zeros(1, 1, 512, 512))
    encoder = [(32, 512), (64, 256), (128, 128), (256, 64), (480, 32), (480, 16), (480, 8)]
    assert shapes[:14] == [(width, size, size) for width, size in encoder for _ in range(2)]
    assert shapes[14:] == [(width, size, size) for width, size in encoder[-2::-1] for _ in range(2)]


def test_3d_patch_of_size_16x320x320_only_contains_5_level_of_3d_convolutional_layers():
    network = build(VOLUME).eval()
    shapes = outputs_of(network, nn.LeakyReLU, torch.zeros(1, 1, 16, 320, 320))
    depths, sizes = [16, 16, 16, 16, 8], [320, 160, 80, 40, 20]
    encoder = list(zip(VOLUME["features"], depths, sizes, sizes, strict=True))
    assert shapes[:10:2] == encoder
    assert shapes[10::2] == encoder[-2::-1]


def test_leaky_relu_with_slope_of_001_and_instance_normalization_after_every_convolution():
    network = build(VOLUME)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv3d)]
    norms = [module for module in network.modules() if isinstance(module, nn.InstanceNorm3d)]
    heads = 3  # the answers of the last level and of two more
    assert len(norms) == len(convolutions) - heads == 18
    slopes = {module.negative_slope for module in network.modules() if isinstance(module, nn.LeakyReLU)}
    assert slopes == {0.01}


def test_strided_convolutions_go_down_and_transpose_convolutions_up():
    network = build(VOLUME)
    strided = [module.stride for module in network.modules() if isinstance(module, nn.Conv3d)]
    assert [stride for stride in strided if stride != (1, 1, 1)] == [(1, 2, 2)] * 3 + [(2, 2, 2)]
    up = [module.stride for module in network.modules() if isinstance(module, nn.ConvTranspose3d)]
    assert up == [(2, 2, 2)] + [(1, 2, 2)] * 3
    assert not [module for module in network.modules() if isinstance(module, nn.MaxPool3d)]


def test_the_parameters_are_those_counted_by_hand():
    def two(into, out, taps):  # two convolutions without bias, each with instance norm's scale and shift
        return taps * (into * out + out * out) + 4 * out

    features = VOLUME["features"]
    encoder = two(1, 32, 9) + two(32, 64, 9) + two(64, 128, 9) + two(128, 256, 27) + two(256, 320, 27)
    up = 8 * 320 * 256 + 4 * 256 * 128 + 4 * 128 * 64 + 4 * 64 * 32
    # the decoder's kernels at a level are those of the level below it in the encoder
    decoder = two(512, 256, 27) + two(256, 128, 27) + two(128, 64, 9) + two(64, 32, 9)
    heads = sum(2 * width + 2 for width in features[:3])
    assert parameters(build(VOLUME)) == encoder + up + decoder + heads


def test_training_gives_the_finest_answer_first_and_one_for_each_supervised_level():
    network = build(FLAT).train()
    assert network(torch.zeros(2, 1, 256, 256)).shape == (2, 5, 2, 256, 256)
    network = build({**FLAT, "deep_supervision": 0}).train()
    assert network(torch.zeros(2, 1, 256, 256)).shape == (2, 2, 256, 256)


def test_strides_that_do_not_fit_the_levels_are_refused():
    with pytest.raises(ModelError, match="expected 6 strides, found 5"):
        build({**FLAT, "strides": [[2, 2]] * 5})
