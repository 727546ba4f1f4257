import math

import numpy as np
import pytest
import torch
from monai.transforms import Randomizable
from torch import Tensor

from Training.augmentation import AUGMENTATIONS, augmentation
from Training.recipes import Step, recipes


def item() -> dict[str, Tensor]:
    """A volume of noise with a bright bar along the columns on all slices but the first, and its label."""
    image = torch.rand(2, 6, 65, 65, generator=torch.Generator().manual_seed(0)) * 0.1
    label = torch.zeros(1, 6, 65, 65, dtype=torch.uint8)
    label[:, 1:, 30:35, 12:53] = 1
    return {"image": image + label, "label": label}


def applied(seed: int, name: str, dimensions: int = 3, **params) -> dict[str, Tensor]:
    transform = augmentation(Step(name, params), dimensions)
    assert isinstance(transform, Randomizable)
    transform.set_random_state(seed)
    given = item()
    if dimensions == 2:
        given = {key: value[:, 3] for key, value in given.items()}
    return transform(given)


def bar(image: Tensor) -> np.ndarray:
    """Rows and columns ``[2, N]`` of the last slice's bright pixels, about their mean."""
    places = np.argwhere(np.asarray(image[0, -1]) > 0.5).T.astype(float)
    return places - places.mean(axis=1, keepdims=True)


def degrees(image: Tensor) -> float:
    rows, columns = bar(image)
    (a, b), (_, c) = np.cov(rows, columns)
    return math.degrees(0.5 * math.atan2(2 * b, c - a))


def test_scans_are_turned_in_plane_by_at_most_30_degrees_to_either_side():
    angles = [degrees(applied(seed, "rotate", degrees=30)["image"]) for seed in range(12)]
    assert -30.5 < min(angles) < -10 and 10 < max(angles) < 30.5


def test_every_slice_is_turned_alike_and_no_slice_leaves_its_place():
    image = applied(3, "rotate", degrees=30)["image"]
    assert image[:, 0].max() < 0.2  # where no bar was
    assert torch.allclose(image[0, 1] > 0.5, image[0, 5] > 0.5)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("rotate", {"degrees": 30}),
        ("scale", {"smallest": 0.7, "largest": 1.4, "probability": 1}),
        ("elastic", {"spacing": 20, "pixels": (2, 6), "probability": 1}),
        ("flip", {"axis": "slices", "probability": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_label_goes_where_the_image_goes(name: str, params: dict):
    done = applied(5, name, **params)
    assert not torch.equal(done["label"], item()["label"])
    seen, label = done["image"][1] > 0.55, done["label"][0] > 0.5
    assert 2 * (seen & label).sum() / (seen.sum() + label.sum()) > 0.9


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_lesion_of_41_columns_is_shown_larger_and_smaller(factor: float):
    label = applied(0, "scale", smallest=factor, largest=factor, probability=1)["label"]
    assert label[0, 3].any(0).sum() == pytest.approx(41 * factor, abs=1)


@pytest.mark.parametrize(("axis", "dimension"), [("slices", 1), ("rows", 2), ("columns", 3)])
def test_mirroring_turns_the_axis_that_is_named(axis: str, dimension: int):
    given, done = item(), applied(0, "flip", axis=axis, probability=1)
    assert done["image"].equal(given["image"].flip(dimension))
    assert done["label"].equal(given["label"].flip(dimension))


def test_a_slice_is_mirrored_along_its_own_rows():
    done = applied(0, "flip", dimensions=2, axis="rows", probability=1)
    assert done["image"].equal(item()["image"][:, 3].flip(1))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("noise", {"std": 0.5, "probability": 1}),
        ("smooth", {"sigma": (1, 2), "probability": 1}),
        ("contrast", {"change": 0.5, "probability": 1}),
        ("brightness", {"change": 0.5, "probability": 1}),
        ("gamma", {"smallest": 2, "largest": 3, "probability": 1}),
        ("low_resolution", {"smallest": 0.3, "probability": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_intensities_change_and_labels_do_not(name: str, params: dict, dimensions: int):
    given = item() if dimensions == 3 else {key: value[:, 3] for key, value in item().items()}
    done = applied(1, name, dimensions, **params)
    assert done["label"].equal(given["label"])
    assert done["image"].shape == given["image"].shape
    assert (done["image"] - given["image"]).abs().mean() > 0.005


@pytest.mark.parametrize("name", ["smooth", "low_resolution"])
def test_blurring_never_mixes_slices(name: str):
    params = {"sigma": (1, 2)} if name == "smooth" else {"smallest": 0.3}
    image = applied(1, name, probability=1, **params)["image"]
    assert image[:, 0].max() < 0.2  # the bar of the next slice would show


def test_contrast_keeps_the_range_of_values_and_gamma_their_order():
    given = item()["image"]
    contrast = applied(2, "contrast", change=0.5, probability=1)["image"]
    assert contrast.min() >= given.min() and contrast.max() <= given.max()
    order = given.flatten().argsort()
    gamma = applied(2, "gamma", smallest=2, largest=3, probability=1)["image"].flatten()[order]
    assert (gamma.diff() >= -1e-6).all()


def test_a_probability_of_0_leaves_everything_as_it_is():
    for name, params in (("noise", {"std": 1}), ("gamma", {"smallest": 2, "largest": 3})):
        assert applied(0, name, probability=0, **params)["image"].equal(item()["image"])


def test_each_step_of_each_recipe_exists_and_none_is_there_for_nobody():
    used = {step.name for each in recipes().values() for stage in each.stages for step in stage.augmentation}
    assert used == AUGMENTATIONS.keys()
    for each in recipes().values():
        for stage in each.stages:
            for step in stage.augmentation:
                assert augmentation(step, stage.dimensions)
