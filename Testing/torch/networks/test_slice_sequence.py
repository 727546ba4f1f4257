"""The second network of the detector: widths of the paper, components as NumPy has them, order of slices."""

import numpy as np
import pytest
import torch

from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.slice_sequence import SliceSequence
from ICHSegmentationLib.networks.weights import load_weights, save_weights


def fitted(seed: int = 0) -> SliceSequence:
    torch.manual_seed(seed)
    network = SliceSequence(features=16, components=5, hidden=4, outputs=6)
    network.set_components(torch.randn(16), torch.linalg.qr(torch.randn(16, 5)).Q.T)
    return network.eval()


def test_the_widths_are_those_of_the_paper():
    network = build({"kind": "slice_sequence"})
    assert network.components.shape == (120, 2048)
    assert network.lstm.weight_ih_l0.shape == (4 * 128, 120)
    assert network.lstm.weight_ih_l0_reverse.shape == (4 * 128, 120)
    assert network.fc.weight.shape == (6, 256 + 6)
    assert network(torch.rand(1, 7, 2048), torch.rand(1, 7, 6)).shape == (1, 7, 6)


def test_features_are_reduced_to_their_principal_components():
    generator = np.random.default_rng(0)
    data = generator.normal(size=(200, 16)) @ generator.normal(size=(16, 16))
    centred = data - data.mean(axis=0)
    left, strength, directions = np.linalg.svd(centred, full_matrices=False)
    network = SliceSequence(features=16, components=5)
    network.set_components(
        torch.tensor(data.mean(axis=0), dtype=torch.float32),
        torch.tensor(directions[:5], dtype=torch.float32),
    )
    reduced = network.reduced(torch.tensor(data, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(reduced, (left * strength)[:, :5], atol=1e-3)


def test_components_are_no_parameters_yet_travel_with_the_weights(tmp_path):
    network = fitted()
    assert {name for name, _ in network.named_parameters()}.isdisjoint({"mean", "components"})
    save_weights(network, tmp_path / "sequence.safetensors")
    load_weights(network, tmp_path / "sequence.safetensors")  # kernels in the half precision of the file
    other = fitted(seed=1)
    load_weights(other, tmp_path / "sequence.safetensors")
    features, logits = torch.rand(2, 9, 16), torch.rand(2, 9, 6)
    with torch.no_grad():
        torch.testing.assert_close(other(features, logits), network(features, logits))
    assert torch.equal(other.mean, network.mean)


@pytest.mark.parametrize("changed", [0, 8])
def test_a_slice_hears_from_both_ends_of_the_scan(changed: int):
    network = fitted()
    features, logits = torch.rand(1, 9, 16), torch.rand(1, 9, 6)
    with torch.no_grad():
        before = network(features, logits)
        features[0, changed] += 3
        after = network(features, logits)
    assert ((after - before)[0].abs().amax(dim=-1) > 1e-7).all()


def test_a_slice_own_outputs_reach_only_the_slice_itself():
    network = fitted()
    features, logits = torch.rand(1, 9, 16), torch.rand(1, 9, 6)
    with torch.no_grad():
        before = network(features, logits)
        logits[0, 3] += 3
        after = network(features, logits)
    assert ((after - before)[0].abs().amax(dim=-1) > 0).nonzero().flatten().tolist() == [3]


def test_components_of_other_features_are_refused():
    with pytest.raises(ValueError, match="expected a mean and components"):
        SliceSequence(features=16, components=5).set_components(torch.zeros(15), torch.zeros(5, 15))
