"""The light detector's network: its map, what it makes of it, and that no side is preferred."""

import pytest
import torch

from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.slice_map import STRIDE
from ICHSegmentationLib.networks.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = build({"kind": "slice_map", "features": [4, 6, 8]})
    with torch.no_grad():
        made.train()(slices(8))  # running statistics of its own
    return made.eval()


def slices(count=2, height=48, width=40):
    images = torch.randn(count, 4, height, width, generator=torch.Generator().manual_seed(1))
    images[:, 3] = 0
    images[:, 3, 8:40, 8:32] = 1
    images[:, :3] *= images[:, 3:]
    return images


def test_the_map_has_a_cell_for_four_pixels_and_six_classes(network):
    with torch.no_grad():
        assert network.map(slices()).shape == (2, 6, 48 // STRIDE, 40 // STRIDE)
        assert network(slices()).shape == (2, 6)


def test_a_mirrored_slice_has_a_mirrored_map_and_the_same_logits(network):
    with torch.no_grad():
        assert torch.allclose(network.map(slices().flip(-1)), network.map(slices()).flip(-1), atol=1e-5)
        assert torch.allclose(network(slices().flip(-1)), network(slices()), atol=1e-5)


def test_nothing_is_marked_outside_of_the_brain(network):
    with torch.no_grad():
        marks = network.map(slices())
    assert marks[..., 0, :].max() < -10 and marks[..., :, -1].max() < -10
    assert marks[..., 4:8, 4:6].min() > -10


def test_a_slices_logit_is_the_mean_of_its_brightest_cells(network):
    marks = torch.zeros(1, 6, 4, 4)
    marks[0, 2, 0, :3] = torch.tensor([3.0, 6.0, 9.0])
    with torch.no_grad():
        network.scale[2], network.offset[2] = 2.0, 1.0
        assert network.pooled(marks)[0].tolist() == pytest.approx([0, 0, 13, 0, 0, 0])
        network.scale[2], network.offset[2] = 1.0, 0.0


def test_a_slice_does_not_hear_of_the_others_in_its_batch(network):
    with torch.no_grad():
        assert torch.allclose(network(slices(3))[1:2], network(slices(3)[1:2]), atol=1e-5)


def test_saved_weights_give_the_same_answers(network, tmp_path):
    save_weights(network, tmp_path / "weights.safetensors")
    load_weights(network, tmp_path / "weights.safetensors")  # both in the half precision of the file
    other = build({"kind": "slice_map", "features": [4, 6, 8]}).eval()
    load_weights(other, tmp_path / "weights.safetensors")
    with torch.no_grad():
        assert torch.equal(other(slices()), network(slices()))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_traced_network_takes_any_number_of_slices(network):
    with torch.no_grad():
        traced = torch.jit.trace(network, slices(2), check_trace=False)
        assert torch.allclose(traced(slices(5)), network(slices(5)), atol=1e-5)


def test_gradients_reach_every_parameter():
    network = build({"kind": "slice_map", "features": [4, 6, 8]})
    network.train()(slices()).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
