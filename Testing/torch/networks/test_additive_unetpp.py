"""The 3D U-Net++ of Al Fahim, section V: "adding up the tensors in the skip connections instead of
concatenating them"."""

import pytest
import torch
from monai.networks.nets import BasicUNetPlusPlus
from seen import kept_for_backward, parameters, peak_in_use
from torch import nn

from ICHSegmentationLib.networks.additive_unetpp import AdditiveUNetPlusPlus

FEATURES = (32, 32, 64, 128, 256)
GIB = 2**30


def concatenating() -> nn.Module:
    """MONAI's 3D U-Net++ with the same levels, normalisation and activation."""
    return BasicUNetPlusPlus(
        3, 1, 1, features=(*FEATURES, 32), act=("relu", {"inplace": True}), norm="batch", bias=False
    )


def test_a_chain_of_sums_takes_the_memory_that_is_counted_by_hand():
    class Chain(nn.Module):
        def forward(self, values):
            return ((values + 1) * 2) + 3  # never more than an input and a result of a step

    class Kept(nn.Module):
        def forward(self, values):
            first = values + 1
            return first + first * 2  # the first, its double, and their sum at once

    values = torch.zeros(1, 1000, device="meta")
    assert peak_in_use(Chain(), values) == 2 * 4000
    assert peak_in_use(Kept(), values) == 3 * 4000


def test_a_512x512_scan_of_32_slices_needs_17_6_gib_with_concatenation_and_5_3_with_addition():
    with torch.device("meta"):
        scan = torch.zeros(1, 1, 32, 512, 512)
        before, after = peak_in_use(concatenating(), scan), peak_in_use(AdditiveUNetPlusPlus(), scan)
    assert before / GIB == pytest.approx(17.6, abs=0.05)
    assert after / GIB == pytest.approx(5.3, abs=0.05)


def test_training_on_it_keeps_42_7_gib_with_concatenation_and_27_4_with_addition():
    with torch.device("meta"):
        scan = torch.zeros(1, 1, 32, 512, 512)
        before, after = (
            kept_for_backward(concatenating(), scan),
            kept_for_backward(AdditiveUNetPlusPlus(), scan),
        )
    assert before / GIB == pytest.approx(42.7, abs=0.05)
    assert after / GIB == pytest.approx(27.4, abs=0.05)


def test_no_node_reads_more_channels_than_its_level_has():
    with torch.device("meta"):
        network = AdditiveUNetPlusPlus()
    read = {
        (node.convolutions.conv_0.conv.in_channels, node.convolutions.conv_0.conv.out_channels)
        for diagonal in network.diagonals
        for node in diagonal
    }
    assert read == {(width, width) for width in FEATURES[:-1]}
    assert parameters(network) < parameters(concatenating())


def test_the_answer_is_that_of_the_nested_formula():
    """x[i][j] = H(x[i][0] + ... + x[i][j-1] + up(x[i+1][j-1])), written out column by column."""
    torch.manual_seed(0)
    network = AdditiveUNetPlusPlus(features=(2, 3, 4)).eval()
    scan = torch.rand(1, 1, 8, 16, 16)
    (x01,), (x11, x02) = (list(diagonal) for diagonal in network.diagonals)
    with torch.no_grad():
        first = network.first(scan)
        second = network.down[0](first)
        third = network.down[1](second)
        node01 = x01.convolutions(first + x01.up(second))
        node11 = x11.convolutions(second + x11.up(third))
        node02 = x02.convolutions(first + node01 + x02.up(node11))
        assert torch.allclose(network(scan), network.head(node02), atol=1e-6)


def test_every_parameter_learns():
    network = AdditiveUNetPlusPlus(features=(2, 3, 4, 5))
    network(torch.rand(1, 1, 16, 16, 16)).mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
