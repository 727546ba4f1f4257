"""The smaller sizes of the recipes: the same method with other numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.preparation.channels import channels
from Training.loop.schedule import learning_rate
from Training.recipes import Intensities, debug, recipe, recipes, small

PAPERS = ["qayyum_coarse_fine", "zhao_cascade", "li_chen_nnunet", "al_fahim_unetpp", "xu_cascade"]
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
LEARNING = ("lesion_share", "optimizer", "scheduler", "windows")
SIZES = {"debug": (debug, NUMBERS), "small": (small, (*NUMBERS, *LEARNING))}


@pytest.mark.parametrize("name", [*recipes()])
@pytest.mark.parametrize("size", [*SIZES])
def test_a_smaller_size_goes_the_same_path(name: str, size: str):
    whole, less = recipe(name), recipe(f"{name}_{size}")
    make, changed = SIZES[size]
    assert less == make(whole)
    for stage, smaller in zip(whole.stages, less.stages, strict=True):
        assert replace(stage, **{number: getattr(smaller, number) for number in changed}) == smaller
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


@pytest.mark.parametrize("name", PAPERS)
def test_a_small_stages_network_fits_its_input_and_its_patch(name: str):
    for stage in recipe(f"{name}_small").stages:
        shape = stage.patch[1:] if stage.dimensions == 2 else stage.patch
        with torch.device("meta"):
            network = build(stage.network)
            image = torch.zeros(2, stage.input_channels, *shape)
            answer, learning = network.eval()(image), network.train()(image)
        assert answer.shape[2:] == learning.shape[-len(shape) :] == shape


@pytest.mark.parametrize("name", PAPERS)
def test_a_small_training_learns_from_few_steps(name: str):
    for stage, smaller in zip(recipe(name).stages, recipe(f"{name}_small").stages, strict=True):
        assert smaller.lesion_share >= 0.5 and smaller.lesion_share >= stage.lesion_share
        rates = [learning_rate(smaller, epoch) for epoch in range(smaller.epochs)]
        assert max(rates) == rates[0] >= max(3e-3, stage.optimizer.learning_rate)
        assert rates[-1] < rates[0] / 10


def test_the_stages_of_a_small_cascade_see_as_much_together_as_a_single_small_network():
    seen = [
        sum(
            stage.epochs * stage.iterations_per_epoch * stage.batch * math.prod(stage.patch)
            for stage in recipe(f"{name}_small").stages
        )
        for name in ("zhao_cascade", "xu_cascade", "li_chen_nnunet")
    ]
    assert seen == [seen[0]] * 3


def test_a_small_stage_sees_brain_and_blood_apart():
    """In a scan from -1000 to 1000 HU, whose minimum and maximum put them 0.02 apart."""
    hu = np.full((8, 64, 64), 30, np.float32)
    hu[0], hu[1], blood = -1000, 1000, np.s_[3:6, 20:40, 20:40]
    hu[blood] = 70
    for name in PAPERS:
        for stage in recipe(f"{name}_small").fitted(Intensities(38, 79, 57, 9.5)).stages:
            seen = channels(hu, stage.windows, stage.normalisation, stage.mean_std)
            assert abs(seen[0][blood].mean() - seen[0][2].mean()) > 0.2, (name, stage.name)


def test_small_crops_keep_64_pixels_and_small_cubes_32_slices():
    (crops,) = recipe("al_fahim_unetpp_small").stages
    assert crops.patch == (1, 64, 64)
    assert recipe("qayyum_coarse_fine_small").stage("fine").shape == (32, 64, 64)


def test_a_size_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="xu_cascade_tiny"):
        recipe("xu_cascade_tiny")
