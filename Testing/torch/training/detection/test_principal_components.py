"""The principal components against NumPy's singular value decomposition."""

import numpy as np
import pytest
import torch

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.networks.slice_sequence import SliceSequence
from Training.detection.components import principal_components


def test_scan_by_scan_gives_the_components_of_all_slices_at_once():
    rng = np.random.default_rng(5)
    features = (rng.normal(size=(90, 12)) * np.linspace(3, 0.5, 12) + 7).astype(np.float32)
    mean, found = principal_components((torch.from_numpy(part) for part in np.split(features, 3)), 4)
    _, _, wanted = np.linalg.svd(features - features.mean(0), full_matrices=False)
    assert mean.numpy() == pytest.approx(features.mean(0), abs=1e-5)
    alike = np.abs((found.numpy() * wanted[:4]).sum(1))  # directions have no sign
    assert alike == pytest.approx(np.ones(4), abs=1e-4)
    network = SliceSequence(12, 4, 2)
    network.set_components(mean, found)
    spread = network.reduced(torch.from_numpy(features)).var(0)
    assert (spread.diff() < 0).all()  # the strongest first


def test_more_components_than_slices_are_refused():
    with pytest.raises(InputError, match="found 5"):
        principal_components([torch.randn(5, 8)], 5)
