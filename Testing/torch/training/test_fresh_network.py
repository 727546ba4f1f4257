from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ICHSegmentationLib.errors import InputError, ModelError
from ICHSegmentationLib.networks.encoders import build_encoder
from Training.fresh_network import fresh_network
from Training.recipes import recipe


def test_a_network_starts_from_random_weights_or_from_a_file_for_its_encoder(tmp_path: Path):
    path = tmp_path / "vgg16.safetensors"
    torch.manual_seed(1)
    weights = build_encoder("vgg16", 3).state_dict()
    save_file(weights, path)
    vgg16 = recipe("al_fahim_vgg16_bce_debug")
    torch.manual_seed(2)
    afresh = fresh_network(vgg16.stages[0]).encoder.state_dict()
    filled = fresh_network(vgg16.with_encoder_weights(str(path)).stages[0]).encoder.state_dict()
    assert all(filled[name].equal(value) for name, value in weights.items())
    assert not afresh["features.0.weight"].equal(weights["features.0.weight"])


def test_weights_of_another_encoder_and_recipes_without_one_are_refused(tmp_path: Path):
    path = tmp_path / "none.safetensors"
    save_file({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="does not hold"):
        fresh_network(recipe("al_fahim_vgg16_bce").with_encoder_weights(str(path)).stages[0])
    with pytest.raises(InputError, match="found xu_cascade"):
        recipe("xu_cascade").with_encoder_weights(str(path))
