"""The 2D U-Net++ of Al Fahim, section IV, and its encoders."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from seen import outputs_of, parameters
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.encoders import ENCODERS, build_encoder, load_imagenet_weights

# The parameters of the published classifiers (torchvision's model table; timm's for Inception-ResNet-v2), and
# what their classification layers take of them.
PUBLISHED = {
    "resnet50": (25_557_032, 2048 * 1000 + 1000),
    "vgg16": (138_357_544, (25088 * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 1000 + 1000)),
    "densenet121": (7_978_856, 1024 * 1000 + 1000),
    "densenet169": (14_149_480, 1664 * 1000 + 1000),
    "inception_resnet_v2": (55_843_464, 1536 * 1000 + 1000),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_encoder_has_the_published_networks_parameters_without_its_classifier(name: str):
    whole, classifier = PUBLISHED[name]
    with torch.device("meta"):
        assert parameters(build_encoder(name, 3)) == whole - classifier


@pytest.mark.parametrize("name", ENCODERS)
def test_the_features_of_a_128x128x3_crop_halve_in_size_and_have_the_channels_told(name: str):
    with torch.device("meta"):
        encoder = build_encoder(name, 3)
        features = encoder(torch.zeros(1, 3, 128, 128))
    sizes = [128 // encoder.first_stride // 2**n for n in range(len(encoder.channels))]
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (width, size, size) for width, size in zip(encoder.channels, sizes, strict=True)
    ]
    assert sizes[-1] == 4  # 1/32, where each of the published networks ends


def test_skip_connections_join_all_nodes_along_the_same_horizontal_layer():
    with torch.device("meta"):
        network = build({"kind": "nested_unet", "encoder": "resnet50"})
    read = [[node.convolutions.conv_0.conv.in_channels for node in column] for column in network.columns]
    # encoder 64, 256, 512, 1024 channels; nodes 32, 64, 128, 256
    assert read == [
        [64 + 32, 256 + 64, 512 + 128, 1024 + 256],
        [64 + 2 * 32, 256 + 2 * 64, 512 + 2 * 128],
        [64 + 3 * 32, 256 + 3 * 64],
        [64 + 4 * 32],
    ]


def test_each_node_consists_of_convolution_with_a_3x3_kernel_batch_normalization_and_relu():
    with torch.device("meta"):
        node = build({"kind": "nested_unet", "encoder": "vgg16"}).columns[0][0]
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU)
    parts = [module for module in node.convolutions.modules() if isinstance(module, kinds)]
    assert [type(part) for part in parts] == list(kinds) * 2
    assert parts[0].kernel_size == parts[3].kernel_size == (3, 3)


def test_what_lies_far_away_in_a_crop_reaches_the_answer_through_the_deepest_level():
    network = build({"kind": "nested_unet", "encoder": "densenet121", "in_channels": 1}).eval()
    crop = torch.rand(1, 1, 64, 64, requires_grad=True)
    network(crop)[0, 0, 0, 0].backward()
    assert crop.grad[0, 0, 0, 0] != 0 and crop.grad[0, 0, 50:, 50:].abs().max() > 0


def published(encoder: nn.Module, name: str) -> dict[str, torch.Tensor]:
    """Weights as their publishers name them, with a classifier."""
    named = {key.replace(".layers.", "."): torch.rand_like(value) for key, value in floats(encoder).items()}
    return {**named, "classifier.weight": torch.zeros(3, 2)} if name == "densenet121" else named


def floats(encoder: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value for key, value in encoder.state_dict().items() if value.is_floating_point()}


@pytest.mark.parametrize(("name", "suffix"), [("densenet121", ".pth"), ("vgg16", ".safetensors")])
def test_imagenet_weights_are_taken_from_a_file(name: str, suffix: str, tmp_path: Path):
    encoder, path = build_encoder(name, 3), tmp_path / f"weights{suffix}"
    weights = published(encoder, name)
    torch.save(weights, path) if suffix == ".pth" else save_file(weights, path)
    load_imagenet_weights(encoder, path)
    for key, value in floats(encoder).items():
        assert value.equal(weights[key.replace(".layers.", ".")])


def test_the_first_layers_are_named_as_in_the_published_weights():
    names = {name: set(build_encoder(name, 3).state_dict()) for name in ("resnet50", "inception_resnet_v2")}
    assert {"conv1.weight", "bn1.running_var", "layer1.0.downsample.0.weight"} <= names["resnet50"]
    assert {
        "conv2d_1a.conv.weight",
        "mixed_5b.branch1.1.bn.weight",
        "repeat.9.branch2.2.conv.weight",
        "repeat_1.19.conv2d.bias",
        "mixed_7a.branch2.2.conv.weight",
        "block8.branch1.0.conv.weight",
    } <= names["inception_resnet_v2"]


def test_weights_of_another_network_and_a_file_that_is_none_are_refused(tmp_path: Path):
    path = tmp_path / "weights.pth"
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(ModelError, match="does not hold the weights of this encoder"):
        load_imagenet_weights(build_encoder("vgg16", 3), path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="could not read them"):
        load_imagenet_weights(build_encoder("vgg16", 3), path)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ModelError, match="found 'resnet18'"):
        build({"kind": "nested_unet", "encoder": "resnet18"})


def test_the_nodes_of_vgg16_begin_at_full_size():
    with torch.device("meta"):
        network = build({"kind": "nested_unet", "encoder": "vgg16"}).eval()
        shapes = outputs_of(network, type(network.columns[0][0]), torch.zeros(1, 3, 128, 128))
    assert shapes[:5] == [
        (16, 128, 128), (32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8),
    ]  # fmt: skip
