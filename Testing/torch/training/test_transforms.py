import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms.traits import RandomizableTrait

from Training.recipes import LossRecipe, OptimizerRecipe, StageRecipe, Step, recipes
from Training.transforms import train_transforms, validation_transforms

STAGE = StageRecipe(
    name="any", network={}, patch=(4, 16, 16), batch=1, loss=LossRecipe(()),
    optimizer=OptimizerRecipe("adam", 1e-3), epochs=1, iterations_per_epoch=1, windows=((40, 80),),
)  # fmt: skip


def item(prior: bool = False) -> dict[str, Any]:
    """A scan of 8 slices of 5 mm and pixels of 0.5 mm: brain of 30 HU, a lesion of 70 HU, air on the left."""
    hu = np.full((1, 8, 40, 48), 30, np.float32)
    hu[..., :10] = -1000
    label = np.zeros((1, 8, 40, 48), np.uint8)
    label[:, 3:5, 10:20, 24:34] = 1
    hu[label == 1] = 70
    made = {"image": hu, "label": label, "spacing": (5.0, 0.5, 0.5)}
    return {**made, "prior": label * np.float32(0.8)} if prior else made


def test_a_network_sees_hu_windows_as_channels_on_the_scans_own_grid():
    seen = validation_transforms(replace(STAGE, windows=((40, 80), (40, 380))))(item())
    assert seen["image"].shape == (2, 8, 40, 48) and seen["image"].dtype == torch.float32
    assert seen["image"][0, 3, 15, 30] == pytest.approx(70 / 80)
    assert seen["image"][1, 3, 15, 30] == pytest.approx((70 + 150) / 380)
    assert seen["image"][0, 3, 15, 5] == 0
    assert seen["label"].equal(torch.from_numpy(item()["label"]))


def test_scan_and_label_come_to_the_stages_spacing_or_shape():
    coarse = validation_transforms(replace(STAGE, spacing_mm=(5.0, 1.0, 1.0)))(item())
    assert coarse["image"].shape == (1, 8, 20, 24)
    assert coarse["label"].sum() == 2 * 5 * 5 and set(coarse["label"].unique().tolist()) == {0, 1}
    fixed = validation_transforms(replace(STAGE, shape=(4, 20, 48)))(item())
    assert fixed["image"].shape == (1, 4, 20, 48) and fixed["label"].dtype == torch.uint8


def test_the_probability_of_an_earlier_stage_joins_the_image():
    stage = replace(STAGE, input_from="first")
    seen = validation_transforms(stage)(item(prior=True))["image"]
    assert seen.shape[0] == stage.input_channels == 2
    assert seen[1, 3, 15, 30] == pytest.approx(0.8) and seen[1, 0].max() == 0
    as_mask = validation_transforms(replace(stage, input_mask=True))(item(prior=True))["image"]
    assert as_mask[1, 3, 15, 30] == 1


def test_or_it_stands_in_the_images_place():
    stage = replace(STAGE, input_from="first", input_use="replace")
    seen = validation_transforms(stage)(item(prior=True))["image"]
    assert seen.shape[0] == stage.input_channels == 1
    assert torch.equal(seen > 0, torch.from_numpy(item()["label"]) > 0)


def test_or_it_tells_the_region_that_is_cropped_and_resized():
    stage = replace(STAGE, input_from="first", input_use="region", shape=(4, 20, 20))
    seen = validation_transforms(stage)(item(prior=True))
    assert seen["image"].shape == (1, 4, 20, 20)
    assert seen["label"].all() and torch.allclose(seen["image"], torch.tensor(70 / 80))
    larger = validation_transforms(replace(stage, region_enlarged=2))(item(prior=True))
    assert larger["label"].float().mean() == 1 / 8  # the box is twice as long along each axis


def test_where_the_earlier_stage_saw_nothing_the_network_learns_from_the_lesion_or_the_whole_scan():
    stage = replace(STAGE, input_from="first", input_use="region")
    blind = {**item(), "prior": np.zeros((1, 8, 40, 48), np.float32)}
    assert validation_transforms(stage)(blind)["image"].shape == (1, 2, 10, 10)
    clean = {**blind, "label": blind["label"] * 0}
    assert validation_transforms(stage)(clean)["image"].shape == (1, 8, 40, 48)


def test_training_sees_patches_of_the_stages_size_and_a_2d_network_single_slices():
    seen = train_transforms(STAGE)(item())
    assert seen["image"].shape == seen["label"].shape == (1, 4, 16, 16)
    flat = train_transforms(replace(STAGE, patch=(1, 16, 16)))(item())
    assert flat["image"].shape == flat["label"].shape == (1, 16, 16)


def test_a_scan_smaller_than_a_patch_is_padded_with_0_behind_the_normalisation():
    stage = replace(
        STAGE, patch=(12, 40, 48), windows=((-1000, 80),)
    )  # 0 HU is far from the window's lower end
    image = train_transforms(stage)(item())["image"]
    assert image[0, :2].abs().max() == 0 and image[0, 10:].abs().max() == 0
    assert image[0, 2:10].min() > 0.4


def test_a_lesion_is_in_as_many_patches_as_the_recipe_asks_for():
    stage = replace(STAGE, patch=(1, 4, 4))
    always, never = (train_transforms(replace(stage, lesion_share=share)) for share in (1.0, 0.0))
    centred = [bool(always(item())["label"].any()) for _ in range(20)]
    anywhere = [bool(never(item())["label"].any()) for _ in range(20)]
    assert all(centred) and sum(anywhere) < 10
    clean = {**item(), "label": item()["label"] * 0}
    assert not always(clean)["label"].any()


def test_patches_on_lesions_come_from_all_over_them():
    chosen = replace(STAGE, patch=(1, 1, 1), lesion_share=0.3)
    values = item()
    values["image"] = values["image"] + np.arange(48, dtype=np.float32) * 0.1  # tells the column
    transform, columns = train_transforms(chosen), []
    for seed in range(150):
        patch = transform.set_random_state(seed)(values)
        if patch["label"].any():
            columns.append(round((patch["image"].item() * 80 - 70) / 0.1))
    assert 25 < len(columns) < 80
    assert min(columns) <= 26 and max(columns) >= 31


AUGMENTED = replace(
    STAGE,
    lesion_share=0.3,
    augmentation=(
        Step("rotate", {"degrees": 30}),
        Step("elastic", {"spacing": 8, "pixels": (1, 3), "probability": 0.5}),
        Step("noise", {"std": 0.1, "probability": 0.5}),
        Step("flip", {"axis": "rows"}),
    ),
)


def test_the_same_seed_gives_the_same_patch_again_and_another_seed_another():
    first, second = train_transforms(AUGMENTED, seed=1), train_transforms(AUGMENTED, seed=1)
    series = [first(item())["image"] for _ in range(3)]
    assert all(second(item())["image"].equal(image) for image in series)
    assert not series[0].equal(series[1])
    first.set_random_state(1)
    assert first(item())["image"].equal(series[0])
    assert not train_transforms(AUGMENTED, seed=2)(item())["image"].equal(series[0])


def test_everything_random_comes_after_everything_that_is_not():
    """So that what comes before can be computed once for each scan."""
    steps = train_transforms(AUGMENTED).transforms
    first = next(n for n, step in enumerate(steps) if isinstance(step, RandomizableTrait))
    fixed = train_transforms(AUGMENTED)(item(), end=first)
    assert fixed["image"].shape == (1, 8, 40, 48)
    assert first == 3
    assert fixed["lesion"].equal(fixed["label"].flatten().nonzero().flatten()) and len(fixed["lesion"]) == 200


@pytest.mark.parametrize("name", ["xu_cascade", "zhao_cascade", "qayyum_coarse_fine", "al_fahim_unetpp"])
def test_a_stage_gets_as_many_channels_as_its_network_has(name: str):
    for stage in recipes()[name].stages:
        small = replace(stage, patch=(4, 16, 16), augmentation=(), shape=stage.shape and (8, 16, 16))
        assert train_transforms(small)(item(prior=True))["image"].shape[0] == stage.network["in_channels"]


def test_an_earlier_stages_answer_is_moved_with_the_scan_but_its_values_stay():
    changes = (Step("noise", {"std": 1, "probability": 1}), Step("flip", {"axis": "rows", "probability": 1}))
    stage = replace(STAGE, patch=(8, 40, 48), input_from="first", augmentation=changes)
    plain = train_transforms(replace(stage, augmentation=()))(item(prior=True))["image"]
    joined = train_transforms(stage)(item(prior=True))["image"]
    assert joined[1].equal(plain[1].flip(1))
    assert (joined[0] - plain[0].flip(1)).abs().mean() > 0.05
    alone = replace(stage, input_use="replace")
    assert train_transforms(alone)(item(prior=True))["image"][0].equal(plain[1].flip(1))


def test_transforms_go_to_other_processes_and_do_the_same_there():
    stage = recipes()["li_chen_nnunet"].stages[0]
    stage = replace(stage, patch=(4, 16, 16), windows=((50, 80),), mean_std=((58, 11),))
    here = train_transforms(stage)
    there = pickle.loads(pickle.dumps(here))
    for transform in (here, there):
        transform.set_random_state(7)
    assert here(item())["image"].equal(there(item())["image"])
