"""The smaller sizes of the recipes: the same method with other numbers."""

from dataclasses import replace

import pytest
import torch

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.networks import build
from Training.recipes import debug, recipe, recipes, small

NUMBERS = (
    "network",
    "patch",
    "shape",
    "spacing_mm",
    "batch",
    "epochs",
    "iterations_per_epoch",
    "window_step",
)
SIZES = {"debug": debug, "small": small}


@pytest.mark.parametrize("name", [*recipes()])
@pytest.mark.parametrize("size", [*SIZES])
def test_a_smaller_size_goes_the_same_path(name: str, size: str):
    whole, less = recipe(name), recipe(f"{name}_{size}")
    assert less == SIZES[size](whole)
    for stage, smaller in zip(whole.stages, less.stages, strict=True):
        assert replace(stage, **{number: getattr(smaller, number) for number in NUMBERS}) == smaller
        assert smaller.network["kind"] == stage.network["kind"]
        assert (smaller.shape is None) == (stage.shape is None) and smaller.dimensions == stage.dimensions
        assert all(a <= b for a, b in zip(smaller.patch, stage.patch, strict=True))


@pytest.mark.parametrize("name", ["xu_cascade", "zhao_cascade", "li_chen_nnunet", "li_chen_2d"])
def test_the_small_size_sees_the_same_field_of_view_through_wider_pixels(name: str):
    for stage, smaller in zip(recipe(name).stages, recipe(f"{name}_small").stages, strict=True):
        if stage.spacing_mm and smaller.spacing_mm:
            seen, whole = (s.patch[2] * s.spacing_mm[2] for s in (smaller, stage) if s.spacing_mm)
            assert seen == pytest.approx(whole)
            assert (smaller.patch[0], smaller.spacing_mm[0]) == (stage.patch[0], stage.spacing_mm[0])


@pytest.mark.parametrize("name", ["xu_cascade", "zhao_cascade", "li_chen_nnunet", "qayyum_coarse_fine"])
def test_a_small_stages_network_fits_its_input_and_its_patch(name: str):
    for stage in recipe(f"{name}_small").stages:
        shape = stage.patch[1:] if stage.dimensions == 2 else stage.patch
        with torch.device("meta"):
            network = build(stage.network)
            image = torch.zeros(2, stage.input_channels, *shape)
            answer, learning = network.eval()(image), network.train()(image)
        assert answer.shape[2:] == learning.shape[-len(shape) :] == shape


def test_a_size_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="xu_cascade_tiny"):
        recipe("xu_cascade_tiny")
