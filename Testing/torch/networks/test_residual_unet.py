import pytest
import torch
from torch import nn

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.residual_unet import DIVISOR, ResidualUNet

SMALL = (2, 3, 4, 5, 6, 7, 8)


def shapes_of(network: nn.Module, kind: type[nn.Module], image: torch.Tensor) -> list[tuple[int, ...]]:
    seen: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda _m, _i, output: seen.append(tuple(output.shape[2:])))
    with torch.no_grad():
        network(image)
    return seen


def test_the_papers_patch_becomes_4x5x5_at_the_bottleneck():
    network = ResidualUNet(features=SMALL).eval()
    shapes = shapes_of(network.network.bottleneck, nn.BatchNorm3d, torch.zeros(1, 7, 4, 10, 10))
    assert shapes[-1] == (4, 5, 5)
    whole = shapes_of(ResidualUNet(features=SMALL).eval(), nn.BatchNorm3d, torch.zeros(1, 1, 16, 320, 320))
    assert (4, 5, 5) in whole
    assert min(whole) == (4, 5, 5)


@pytest.mark.parametrize("shape", [(16, 64, 64), (8, 128, 64), DIVISOR])
def test_the_output_has_the_inputs_grid_and_a_channel_a_class(shape):
    network = ResidualUNet(in_channels=2, out_channels=3, features=SMALL).eval()
    assert network(torch.zeros(1, 2, *shape)).shape == (1, 3, *shape)


def test_training_gives_an_output_at_every_supervised_level():
    network = ResidualUNet(features=SMALL, deep_supervision=5).train()
    assert network(torch.zeros(2, 1, 8, 128, 128)).shape == (2, 6, 2, 8, 128, 128)


def test_every_level_has_two_convolutions_batch_norm_relu_and_a_residual():
    network = ResidualUNet(features=SMALL)
    blocks = [m for m in network.modules() if type(m).__name__ == "UnetResBlock"]
    assert len(blocks) == 7  # six encoder levels and the bottleneck
    assert all(isinstance(block.norm1, nn.BatchNorm3d) for block in blocks)
    assert all(isinstance(block.lrelu, nn.ReLU) for block in blocks)


def test_a_manifest_network_is_built_and_an_unknown_one_refused():
    assert isinstance(build({"kind": "residual_unet", "features": list(SMALL)}), ResidualUNet)
    with pytest.raises(ModelError, match="found 'transformer'"):
        build({"kind": "transformer"})
    with pytest.raises(ModelError, match="expected 7 numbers"):
        build({"kind": "residual_unet", "features": [1, 2]})
    with pytest.raises(ModelError, match="colour"):
        build({"kind": "residual_unet", "colour": "red"})
