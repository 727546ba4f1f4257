"""Several slice maps that answer together."""

import pytest
import torch

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.slice_map import SliceMap
from ICHSegmentationLib.networks.weights import load_weights, save_weights

CONFIG = {"kind": "slice_map", "members": 3, "features": [4, 6, 8]}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = build(CONFIG).train()
    for member in made.members:
        member(slices(8))  # running statistics of its own
    return made.eval()


def slices(count=2):
    images = torch.randn(count, 4, 48, 40, generator=torch.Generator().manual_seed(1))
    images[:, 3] = 1
    return images


@torch.no_grad()
def test_it_says_what_its_members_say_on_average(network):
    each = [member(slices()) for member in network.members]
    assert len(each) == 3 and not torch.allclose(each[0], each[1], atol=1e-3)
    assert torch.allclose(network(slices()), (each[0] + each[1] + each[2]) / 3, atol=1e-6)


@torch.no_grad()
def test_its_map_is_the_mean_of_its_members_maps(network):
    maps = [member.cells(slices()) for member in network.members]
    assert torch.allclose(network.cells(slices()), sum(maps) / 3, atol=1e-6)


@torch.no_grad()
def test_every_members_weights_survive_the_disk(network, tmp_path):
    save_weights(network, tmp_path / "weights.safetensors")
    load_weights(network, tmp_path / "weights.safetensors")  # both in the half precision of the file
    other = build(CONFIG).eval()
    load_weights(other, tmp_path / "weights.safetensors")
    assert torch.equal(other(slices()), network(slices()))


def test_a_network_of_one_member_is_that_member():
    assert isinstance(build({**CONFIG, "members": 1}), SliceMap)


def test_none_at_all_is_refused():
    with pytest.raises(ModelError, match="at least one member, found 0"):
        build({**CONFIG, "members": 0})
