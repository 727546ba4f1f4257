"""A model from outside may describe any network; building it must not take the memory it asks for."""

from importlib import import_module

import pytest
import torch

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.networks import build


@pytest.fixture
def a_small_bound(monkeypatch):
    module = import_module(
        "ICHSegmentationLib.networks.build"
    )  # the package's own name for it is the function
    monkeypatch.setattr(module, "MOST_PARAMETERS", 100_000)


@pytest.mark.usefixtures("a_small_bound")
def test_a_network_of_too_many_parameters_is_stopped_while_it_is_built():
    with pytest.raises(ModelError, match="more than 100000 parameters"):
        build({"kind": "residual_unet", "features": [64] * 7})
    build({"kind": "residual_unet", "features": [2, 3, 4, 4, 4, 4, 4]})


def test_a_network_that_cannot_be_is_told():
    for config in (
        {
            "kind": "nnunet",
            "spatial_dims": 3,
            "in_channels": 1,
            "out_channels": 2,
            "features": [],
            "strides": [],
        },
        {"kind": "dense_unet", "blocks": 0, "decoder_features": []},
        {"kind": "residual_unet", "spatial_dims": 9},
    ):
        with pytest.raises(ModelError, match="cannot be built"):
            build(config)


@pytest.mark.usefixtures("a_small_bound")
def test_building_leaves_no_bound_behind():
    with pytest.raises(ModelError):
        build({"kind": "residual_unet", "features": [64] * 7})
    assert torch.nn.Linear(400, 400).weight.numel() > 100_000
