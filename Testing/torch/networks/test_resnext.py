"""ResNeXt against the numbers and names under which torchvision publishes its ImageNet weights."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.encoders.imagenet import load_imagenet_weights


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# "num_params" in torchvision's documentation of each network's weights.
@pytest.mark.parametrize(
    ("kind", "count"),
    [("resnext101_32x8d", 88_791_336), ("resnext50_32x4d", 25_028_904), ("resnet18", 11_689_512)],
)
def test_with_a_thousand_classes_it_has_the_published_number_of_parameters(kind: str, count: int):
    with torch.device("meta"):
        assert parameters(build({"kind": kind, "outputs": 1000})) == count


@pytest.mark.parametrize(
    ("kind", "blocks"), [("resnext101_32x8d", (3, 4, 23, 3)), ("resnext50_32x4d", (3, 4, 6, 3))]
)
def test_its_layers_are_named_and_shaped_as_torchvision_names_and_shapes_them(kind: str, blocks: tuple[int]):
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in build({"kind": kind}).state_dict().items()}
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {"conv1.weight", "fc.weight", "fc.bias", *(f"bn1.{part}" for part in norm)}
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            at = f"layer{stage}.{block}"
            for n in (1, 2, 3):
                expected |= {f"{at}.conv{n}.weight", *(f"{at}.bn{n}.{part}" for part in norm)}
        first = f"layer{stage}.0.downsample"
        expected |= {f"{first}.0.weight", *(f"{first}.1.{part}" for part in norm)}
    assert set(shapes) == expected
    group = {"resnext101_32x8d": 8, "resnext50_32x4d": 4}[kind]
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["layer1.0.conv1.weight"] == (32 * group, 64, 1, 1)
    assert shapes["layer1.0.conv2.weight"] == (32 * group, group, 3, 3)
    assert shapes["layer4.2.conv3.weight"] == (2048, 256 * group, 1, 1)
    assert shapes["fc.weight"] == (6, 2048)


def test_a_slice_of_256_gives_2048_features_and_six_logits_from_maps_of_8():
    network = build({"kind": "resnext50_32x4d"}).eval()
    slices = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        maps, features, logits = network.maps(slices), network.features(slices), network(slices)
    assert maps.shape == (1, 2048, 8, 8)
    assert features.shape == (1, 2048)
    torch.testing.assert_close(features, nn.functional.adaptive_avg_pool2d(maps, 1).flatten(1))
    torch.testing.assert_close(logits, nn.functional.linear(features, network.fc.weight, network.fc.bias))


def test_public_weights_fill_all_but_the_classifier(tmp_path):
    source = build({"kind": "resnet18", "width": 8, "outputs": 1000})
    save_file(source.state_dict(), tmp_path / "imagenet.safetensors")
    network = build({"kind": "resnet18", "width": 8})
    classifier = network.fc.weight.detach().clone()
    load_imagenet_weights(network, tmp_path / "imagenet.safetensors")
    assert torch.equal(network.layer4[1].conv2.weight, source.layer4[1].conv2.weight)
    assert torch.equal(network.fc.weight, classifier)
    with pytest.raises(ModelError, match="does not hold the weights"):
        load_imagenet_weights(build({"kind": "resnet18", "width": 16}), tmp_path / "imagenet.safetensors")


def test_groups_see_only_their_own_channels():
    from ICHSegmentationLib.networks.resnext import Bottleneck

    block = Bottleneck(64, 64, stride=1, groups=32, group_width=4).eval()
    middle = torch.zeros(1, 128, 5, 5)
    with torch.no_grad():
        before = block.conv2(middle)
        middle[0, 0] = 1
        changed = (block.conv2(middle) != before).any(dim=(0, 2, 3)).nonzero().flatten()
    assert changed.tolist() == [0, 1, 2, 3]


def test_the_light_network_is_small_and_refuses_groups():
    light = build({"kind": "resnet18", "width": 24})
    assert light.feature_count == 192
    assert 2 * parameters(light) < 10e6  # bytes in half precision
    with pytest.raises(ModelError, match="no groups"):
        build({"kind": "resnet18", "groups": 32})
