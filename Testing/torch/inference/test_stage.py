from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.inference.engines.computing import Computing
from ICHSegmentationLib.inference.engines.torch_network import TorchNetwork
from ICHSegmentationLib.inference.stage import StageNetwork
from ICHSegmentationLib.models.manifest import Stage
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights

NETWORK = {"kind": "residual_unet", "features": [2, 3, 4, 4, 4, 4, 4], "deep_supervision": 1}
SPACING = (5.0, 0.45, 0.45)


def a_network(seed=0):
    torch.manual_seed(seed)
    network = build(NETWORK)
    for module in network.modules():  # as after training: no two channels alike
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.2)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def a_stage(folder, patch=(16, 256, 256), mirrored=False):
    save_weights(a_network(), folder / "fine.safetensors")
    stage = Stage(NETWORK, "fine.safetensors", "0" * 64, SPACING, patch, ((40.0, 120.0),))
    model = SimpleNamespace(
        manifest=SimpleNamespace(stages={"fine": stage}), weights=lambda name: folder / stage.weights
    )
    return StageNetwork(stage, TorchNetwork(model, "fine", Computing(torch.device("cpu")), None), mirrored)


def a_crop(shape=(8, 64, 128)):
    return np.random.default_rng(0).integers(0, 90, shape).astype(np.int16)


def test_the_stage_gives_what_the_network_itself_gives(tmp_path):
    """Batch normalisation is folded into the convolutions; the answer must stay the same."""
    stage = a_stage(tmp_path)
    network = build(NETWORK).eval()
    load_weights(network, tmp_path / "fine.safetensors")
    image = torch.from_numpy((a_crop().astype(np.float32) - 40) / 60)[None, None]
    with torch.inference_mode():
        expected = torch.softmax(network(image), 1)[0, 1].numpy()
    found = stage.probability(a_crop(), SPACING).values
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 1e-3


def test_crops_of_any_size_come_back_on_their_own_grid(tmp_path):
    stage = a_stage(tmp_path)
    for shape in [(1, 30, 40), (5, 70, 65), (17, 33, 130)]:
        result = stage.probability(a_crop(shape), SPACING)
        assert tuple(result.values.shape) == shape
        assert result.grid.native == shape


def test_a_large_crop_is_seen_in_windows_that_cover_all_of_it(tmp_path):
    stage = a_stage(tmp_path, patch=(4, 64, 64))
    values = stage.probability(a_crop((9, 150, 150)), SPACING).values
    assert tuple(values.shape) == (9, 150, 150)
    assert np.isfinite(values).all()
    assert values.std() > 1e-3


def test_a_mirrored_stage_sees_both_sides_alike(tmp_path):
    stage = a_stage(tmp_path, mirrored=True)
    plain = a_stage(tmp_path).probability(a_crop(), SPACING).values
    one = stage.probability(a_crop(), SPACING).values
    other = stage.probability(a_crop()[..., ::-1], SPACING).values
    np.testing.assert_allclose(one, other[..., ::-1], rtol=1e-4, atol=1e-5)
    assert np.abs(one - plain).max() > 1e-3


def test_the_same_scan_gives_the_same_bits(tmp_path):
    stage = a_stage(tmp_path)
    one, other = (stage.probability(a_crop(), SPACING).values for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_weights_come_back_in_half_precision_and_each_once(tmp_path):
    network, other = a_network(), build(NETWORK)
    save_weights(network, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    for (name, one), two in zip(network.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6, msg=name)
    size = (tmp_path / "w.safetensors").stat().st_size
    kernels = sum(p.numel() for p in network.parameters() if p.ndim > 1)
    assert size < kernels * 2 + 60_000


def test_weights_of_another_network_and_damaged_files_are_refused(tmp_path):
    save_weights(build(NETWORK | {"features": [2, 3, 4, 4, 4, 4, 5]}), tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="does not hold the weights of the network"):
        load_weights(a_network(), tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0 nonsense")
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(a_network(), tmp_path / "w.safetensors")
