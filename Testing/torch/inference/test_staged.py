"""A stage of a trained recipe with networks that only pass on what they see."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ICHSegmentationLib.errors import ModelError, ModelNotFoundError, ModelTamperedError
from ICHSegmentationLib.inference.staged import StagedNetwork
from ICHSegmentationLib.models import Earlier, ModelFolder, Stage, StageInput
from ICHSegmentationLib.models.folder import sha256_of
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import save_weights
from ICHSegmentationLib.preparation.windows import window

CPU = torch.device("cpu")
SPACING = (5.0, 1.0, 1.0)
BRAIN = (40.0, 80.0)
SHARP = 40.0


class Passes(nn.Module):
    """Answers with one channel of its input as a logit: above 0.5 is hemorrhage. Remembers what it saw."""

    def __init__(self, channel: int = 0, softmax: bool = False) -> None:
        super().__init__()
        self.channel, self.softmax = channel, softmax
        self.seen: list[Tensor] = []

    def forward(self, image: Tensor) -> Tensor:
        self.seen.append(image.clone())
        logit = SHARP * (image[:, self.channel : self.channel + 1] - 0.5)
        return torch.cat([torch.zeros_like(logit), logit], 1) if self.softmax else logit


class Means(nn.Module):
    """Answers everywhere in a window with its mean, as a probability."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.logit(image.mean((2, 3, 4), keepdim=True)).expand_as(image)


def stage(patch: tuple[int, int, int], **changes: Any) -> Stage:
    """A stage that sees the scan's own voxels through one window, as 0 to 1."""
    fed = StageInput("window", patch, "constant", "sigmoid", own_spacing=True)
    windows = changes.pop("windows", (BRAIN,))
    spacing_mm = changes.pop("spacing_mm", (5.0, 0.5, 0.5))
    return Stage({"kind": "none"}, "a.safetensors", "", spacing_mm, patch, windows, replace(fed, **changes))


def run(
    network: nn.Module, described: Stage, hu: np.ndarray, earlier: np.ndarray | None = None
) -> np.ndarray:
    return StagedNetwork(described, network, CPU).probability(hu, SPACING, earlier)


@pytest.fixture
def scan() -> np.ndarray:
    """HU of a brain with one brick of blood."""
    hu = np.full((6, 24, 20), 30, np.int16)
    hu[2:4, 8:16, 4:12] = 70
    return hu


@pytest.mark.parametrize("softmax", [False, True])
def test_a_volume_network_finds_the_blood_where_it_lies(scan: np.ndarray, softmax: bool) -> None:
    activation = "softmax" if softmax else "sigmoid"
    found = run(Passes(softmax=softmax), stage((4, 16, 16), activation=activation), scan)
    assert found.dtype == np.float32
    assert np.array_equal(found > 0.5, scan == 70)


def test_a_slice_network_sees_single_slices_and_its_answers_are_stacked(scan: np.ndarray) -> None:
    network = Passes()
    found = run(network, stage((1, 16, 16), window_step=(1, 8, 8)), scan)
    assert {tuple(image.shape[1:]) for image in network.seen} == {(1, 16, 16)}
    assert np.array_equal(found > 0.5, scan == 70)


def test_every_hu_window_is_a_channel(scan: np.ndarray) -> None:
    network, windows = Passes(), ((40.0, 80.0), (80.0, 200.0), (40.0, 380.0))
    run(network, stage((6, 24, 20), windows=windows), scan)
    expected = np.stack([window(scan, *each) for each in windows])
    assert np.allclose(network.seen[0][0], expected)


def test_the_network_sees_the_scan_at_its_own_spacing_and_the_answer_comes_back(scan: np.ndarray) -> None:
    network = Passes()
    found = run(network, stage((6, 48, 40), own_spacing=False), scan)
    assert network.seen[0].shape == (1, 1, 6, 48, 40)
    assert found.shape == scan.shape
    assert np.array_equal(found > 0.5, scan == 70)


def test_a_fixed_shape_takes_any_scan_and_gives_its_grid_back(scan: np.ndarray) -> None:
    network = Passes()
    found = run(network, stage((12, 48, 40), shape=(12, 48, 40)), scan)
    assert network.seen[0].shape == (1, 1, 12, 48, 40)
    assert found.shape == scan.shape
    core = (slice(2, 4), slice(9, 15), slice(5, 11))
    assert (found[core] > 0.5).all()
    assert found[0].max() < 0.5


def test_a_scan_smaller_than_the_patch_is_padded_with_zeros(scan: np.ndarray) -> None:
    network = Passes()
    found = run(network, stage((8, 32, 32)), scan)
    assert network.seen[0].shape == (1, 1, 8, 32, 32)
    assert network.seen[0][0, 0, 0].max() == 0
    assert np.array_equal(found > 0.5, scan == 70)


def test_overlapping_windows_are_averaged() -> None:
    hu = np.zeros((3, 4, 4), np.int16)
    hu[0], hu[1], hu[2] = 8, 40, 72  # 0.1, 0.5 and 0.9 in the window
    found = run(Means(), stage((2, 4, 4), window_step=(1, 4, 4)), hu)
    # windows of slices 0-1 (mean 0.3) and 1-2 (mean 0.7)
    assert np.allclose(found[:, 0, 0], [0.3, 0.5, 0.7], atol=1e-5)


@pytest.mark.parametrize(("as_mask", "expected"), [(False, 0.7), (True, 1.0)])
def test_an_earlier_answer_joins_as_a_channel(scan: np.ndarray, as_mask: bool, expected: float) -> None:
    network, earlier = Passes(channel=1), np.zeros(scan.shape, np.float32)
    earlier[1, :4, :4] = 0.7
    run(network, stage((6, 24, 20), earlier=Earlier("coarse", "channel", as_mask)), scan, earlier)
    assert network.seen[0].shape[1] == 2
    assert float(network.seen[0][0, 1].max()) == pytest.approx(expected)
    assert np.allclose(network.seen[0][0, 0], window(scan, *BRAIN))


def test_an_earlier_answer_can_stand_in_the_place_of_the_image(scan: np.ndarray) -> None:
    network, earlier = Passes(), np.zeros(scan.shape, np.float32)
    earlier[1, :4, :4] = 0.7
    run(network, stage((6, 24, 20), earlier=Earlier("coarse", "replace")), scan, earlier)
    assert np.allclose(network.seen[0][0], earlier[None])


def test_only_the_region_of_an_earlier_answer_is_looked_at(scan: np.ndarray) -> None:
    network, earlier = Passes(), np.zeros(scan.shape, np.float32)
    earlier[2:4, 8:12, 4:8] = 0.9
    scan[0, 20, 18] = 70  # far away
    described = stage((4, 16, 16), shape=(4, 16, 16), earlier=Earlier("coarse", "region", enlarged=2.0))
    found = run(network, described, scan, earlier)
    assert network.seen[0].shape == (1, 1, 4, 16, 16)
    outside = np.ones(scan.shape, bool)
    outside[1:5, 6:14, 2:10] = False  # twice as long on each side
    assert found[outside].max() == 0
    assert (found[2:4, 9:13, 5:9] > 0.5).all()


def test_where_the_earlier_stage_saw_nothing_the_later_one_is_not_asked(scan: np.ndarray) -> None:
    network = Passes()
    described = stage((4, 16, 16), earlier=Earlier("coarse", "region"))
    assert not run(network, described, scan, np.full(scan.shape, 0.2, np.float32)).any()
    assert not network.seen


def test_a_stage_without_its_input_is_refused() -> None:
    with pytest.raises(ModelError, match="expected 'input'"):
        StagedNetwork(replace(stage((4, 16, 16)), input=None), Passes(), CPU)


def test_weights_that_are_gone_or_others_since_the_model_was_verified_are_not_used(tmp_path: Path) -> None:
    small = {"kind": "additive_unetpp", "in_channels": 1, "out_channels": 1, "features": [2, 2, 2, 2, 2]}
    weights = tmp_path / "a.safetensors"
    save_weights(build(small), weights)
    described = replace(stage((16, 16, 16)), network=small, sha256=sha256_of(weights))
    manifest: Any = SimpleNamespace(
        id="m", stages={"a": described}, files={described.weights: described.sha256}
    )
    model = ModelFolder(tmp_path, manifest)
    StagedNetwork.open(model, "a", CPU)
    save_weights(build(small), weights)
    with pytest.raises(ModelTamperedError):
        StagedNetwork.open(model, "a", CPU)
    weights.unlink()
    with pytest.raises(ModelNotFoundError):
        StagedNetwork.open(model, "a", CPU)
