"""What each paper states, against what its recipe says; and that the recipes hold together."""

from typing import Any

import pytest
import torch
from monai.data.utils import dense_patch_slices

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import label_named
from ICHSegmentationLib.networks import build
from Training.losses import RecipeLoss
from Training.recipes import Intensities, Recipe, StageRecipe, recipe, recipes

ALL = recipes()
# Many variants share a network: it is built once for each way in which it is used.
STAGES = {
    repr((stage.network, stage.patch, stage.input_channels, stage.deep_supervision)): (each, stage)
    for each in ALL.values()
    for stage in each.stages
}


def steps(stage: StageRecipe) -> dict[str, dict[str, Any]]:
    return {step.params.get("axis", step.name): dict(step.params) for step in stage.augmentation}


def terms(stage: StageRecipe) -> dict[str, float]:
    return {term.name: term.weight for term in stage.loss.terms}


def hu(stage: StageRecipe) -> list[tuple[float, float]]:
    """The lowest and highest HU of each window."""
    return [(level - width / 2, level + width / 2) for level, width in stage.windows]


# 004 Xu et al.


def test_xu_90_hu_and_center_level_of_40_normalized_by_mean_and_standard_deviation():
    for stage in recipe("xu_cascade").stages:
        assert stage.windows == ((40, 90),) and stage.normalisation == "zscore"


def test_xu_cropped_ct_patch_16x320x320_and_the_area_is_enlarged_cropped_resized_to_16x320x320():
    coarse, fine = recipe("xu_cascade").stages
    assert coarse.patch == fine.patch == fine.shape == (16, 320, 320)
    assert fine.input_from == "coarse" and fine.input_use == "region" and fine.region_enlarged > 1
    assert (
        fine.network == coarse.network
    )  # "the structure of the first stage and the second stage is the same"


def test_xu_sliding_window_size_8x160x160_and_the_overlapped_places_are_averaged():
    for stage in recipe("xu_cascade").stages:
        assert stage.window_step == (8, 160, 160) and stage.window_blend == "constant"


def test_xu_rotation_between_30_degrees_flipping_and_three_changes_with_50_percent_probability():
    augmentation = steps(recipe("xu_cascade").stages[0])
    assert augmentation["rotate"]["degrees"] == 30
    assert {"rows", "columns"} <= augmentation.keys()
    assert all(augmentation[name]["probability"] == 0.5 for name in ("noise", "smooth", "contrast"))


def test_xu_dice_and_cross_entropy_at_each_decoder_level_all_these_losses_are_added():
    for stage in recipe("xu_cascade").stages:
        assert terms(stage) == {"dice": 1, "cross_entropy": 1}
        assert stage.loss.level_weights == "equal"
        assert stage.network["deep_supervision"] == 5  # six levels with the last one's own answer


def test_xu_adamw_with_the_initial_learning_rate_as_1e_2_and_cosine_annealing_warm_restarts():
    stage = recipe("xu_cascade").stages[0]
    assert (stage.optimizer.name, stage.optimizer.learning_rate) == ("adamw", 1e-2)
    assert stage.scheduler.name == "cosine_warm_restarts"


def test_xu_ablations_2d_of_512x512_lowres_of_0518_and_fullres_of_0488_mm():
    assert recipe("xu_2d").stages[0].patch == (1, 512, 512)
    assert recipe("xu_3d_lowres").stages[0].spacing_mm == (5, 0.518, 0.518)
    assert recipe("xu_3d_fullres").stages[0].spacing_mm == (5, 0.488, 0.488)
    # "the first stage is the same as 3D-Fullres, and the second stage is the same as 3D-Lowres"
    first, second = recipe("xu_cascade_spacing").stages
    assert first == recipe("xu_3d_fullres").stages[0]
    assert second.spacing_mm == (5, 0.518, 0.518)


# 001 Zhao et al.


def test_zhao_range_of_hu_were_0_80_and_minus_20_180_and_minus_150_230():
    for stage in recipe("zhao_cascade").stages:
        assert hu(stage) == [(0, 80), (-20, 180), (-150, 230)]


def test_zhao_dice_loss_with_squares_and_binary_cross_entropy_on_one_sigmoid_channel():
    for stage in recipe("zhao_cascade").stages:
        assert terms(stage) == {"dice": 1, "binary_cross_entropy": 1}
        assert stage.loss.terms[0].params == {"squared": True}
        assert stage.activation == "sigmoid" and stage.network["out_channels"] == 1


def test_zhao_adam_with_an_initial_learning_rate_001_and_5_folds():
    stage = recipe("zhao_cascade").stages[0]
    assert (stage.optimizer.name, stage.optimizer.learning_rate) == ("adam", 0.01)
    assert recipe("zhao_cascade").folds == 5


def test_zhao_stage_2_gets_the_probability_map_with_the_image_or_alone():
    joined, alone = recipe("zhao_cascade").stages[1], recipe("zhao_map_only").stages[1]
    assert (joined.input_from, joined.input_use, joined.network["in_channels"]) == ("coarse", "channel", 4)
    assert (alone.input_from, alone.input_use, alone.network["in_channels"]) == ("coarse", "replace", 1)
    assert not joined.input_mask and not alone.input_mask


def test_zhao_table_1_baseline_with_1_channel_input_with_bce_and_their_ensemble():
    assert [stage.image_channels for stage in recipe("zhao_one_channel").stages] == [1, 1]
    assert all(terms(stage) == {"binary_cross_entropy": 1} for stage in recipe("zhao_bce").stages)
    ensemble = recipe("zhao_cascade").ensemble
    assert ensemble.best == 3 and set(ensemble.recipes) == {"zhao_cascade", "zhao_one_channel", "zhao_bce"}
    assert len(recipe("zhao_single_stage").stages) == 1


# 002 Li and Chen


def test_li_chen_2d_of_512x512_and_3d_of_16x320x320_at_042_x_042_x_5_mm():
    volumes, slices = recipe("li_chen_nnunet").stages[0], recipe("li_chen_2d_wce").stages[0]
    assert volumes.patch == (16, 320, 320) and len(volumes.network["features"]) == 5
    assert slices.patch == (1, 512, 512) and len(slices.network["features"]) == 7
    assert volumes.spacing_mm == slices.spacing_mm == (5, 0.42, 0.42)


def test_li_chen_lambda_1_is_06_and_lambda_2_is_04_with_weights_02_and_08():
    for name in ("li_chen_nnunet", "li_chen_2d_wce"):
        stage = recipe(name).stages[0]
        assert terms(stage) == {"dice": 0.6, "cross_entropy": 0.4}
        assert stage.loss.terms[1].params["class_weights"] == (0.2, 0.8)
    assert terms(recipe("li_chen_2d").stages[0]) == {"dice": 1, "cross_entropy": 1}


def test_li_chen_adam_decayed_by_a_polynomial_over_1000_epochs_of_250_minibatches():
    stage = recipe("li_chen_nnunet").stages[0]
    assert (stage.optimizer.name, stage.optimizer.learning_rate) == ("adam", 0.01)
    assert (stage.scheduler.name, stage.scheduler.params["power"]) == ("poly", 0.9)
    assert (stage.epochs, stage.iterations_per_epoch) == (1000, 250)


def test_li_chen_rotations_scaling_elastic_deformations_gamma_and_mirroring():
    for name in ("li_chen_nnunet", "li_chen_2d_wce"):
        assert {"rotate", "scale", "elastic", "gamma", "rows", "columns"} <= steps(
            recipe(name).stages[0]
        ).keys()


def test_li_chen_15_models_vote_with_th_05_n1_1_and_n2_7():
    whole = recipe("li_chen_nnunet")
    assert sum(recipe(name).folds for name in whole.ensemble.recipes) == 15
    vote = whole.ensemble
    assert (vote.method, vote.half_ratio_threshold, vote.few_votes, vote.many_votes) == (
        "half_ratio",
        0.5,
        1,
        7,
    )


# 000 Qayyum et al.


def test_qayyum_256x256x16_normalized_between_0_and_1_with_batch_2_and_learning_rate_00004():
    coarse = recipe("qayyum_coarse_fine").stages[0]
    assert coarse.shape == (16, 256, 256) and coarse.patch == (1, 256, 256)
    assert coarse.normalisation == "minmax" and not coarse.windows
    assert (coarse.batch, coarse.optimizer.name, coarse.optimizer.learning_rate) == (2, "adam", 4e-4)
    assert terms(coarse) == {"binary_cross_entropy": 1}


def test_qayyum_200_epochs_with_20_early_stopping_steps():
    coarse = recipe("qayyum_coarse_fine").stages[0]
    assert (coarse.epochs, coarse.early_stopping) == (200, 20)


def test_qayyum_flips_with_p_05_and_random_gamma_with_p_08():
    augmentation = steps(recipe("qayyum_coarse_fine").stages[0])
    assert augmentation["rows"]["probability"] == augmentation["columns"]["probability"] == 0.5
    assert augmentation["gamma"]["probability"] == 0.8


def test_qayyum_the_coarse_mask_joins_the_image_in_a_patch_of_128x128x128_for_500_epochs():
    fine = recipe("qayyum_coarse_fine").stages[1]
    assert (fine.input_from, fine.input_use, fine.input_mask) == ("coarse", "channel", True)
    assert fine.patch == (128, 128, 128) and fine.epochs == 500
    assert recipe("qayyum_coarse_fine").ensemble.best == 1  # "selected the best fold"


# 003 Al Fahim


def test_al_fahim_striding_over_64_pixels_results_in_49_crops_of_128x128_per_slice():
    stage = recipe("al_fahim_unetpp").stages[0]
    assert stage.patch == (1, 128, 128)
    assert len(dense_patch_slices((1, 512, 512), stage.patch, stage.window_step)) == 49


def test_al_fahim_brain_window_copied_over_or_three_windows():
    assert hu(recipe("al_fahim_unetpp").stages[0]) == [(-20, 100)] * 3
    assert recipe("al_fahim_three_windows").stages[0].windows == ((40, 120), (80, 200), (40, 380))


def test_al_fahim_table_ii_names_five_backbones_trained_for_100_epochs():
    table = {
        (r.stages[0].network.get("encoder"), *terms(r.stages[0]))
        for r in ALL.values()
        if "al_fahim" in r.name
    }
    assert table >= {
        ("resnet50", "binary_cross_entropy"),
        ("vgg16", "binary_cross_entropy"),
        ("densenet121", "binary_cross_entropy"),
        ("densenet169", "binary_cross_entropy"),
        ("inception_resnet_v2", "binary_cross_entropy"),
        ("densenet169", "jaccard"),
    }
    assert recipe("al_fahim_unetpp").stages[0].epochs == 100


def test_al_fahim_3d_sees_whole_slices_of_512x512():
    (scans,) = recipe("al_fahim_3d_additive").stages
    assert scans.network["kind"] == "additive_unetpp" and scans.patch[1:] == (512, 512)


# All of them


@pytest.mark.parametrize(
    ("each", "stage"), [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].name}") for pair in STAGES.values()]
)
def test_a_stages_network_fits_its_input_its_patch_its_labels_and_its_deep_supervision(
    each: Recipe, stage: StageRecipe
):
    shape = stage.patch[1:] if stage.dimensions == 2 else stage.patch
    with torch.device("meta"):
        network = build(stage.network)
        image = torch.zeros(2, stage.input_channels, *shape)
        answer, learning = network.eval()(image), network.train()(image)
    outputs = len(each.labels) + (stage.activation == "softmax")
    assert answer.shape == (2, outputs, *shape)
    levels = (1 + stage.network["deep_supervision"],) if stage.deep_supervision else ()
    assert learning.shape == (2, *levels, outputs, *shape)
    assert RecipeLoss(stage.loss, stage.activation)


@pytest.mark.parametrize("each", ALL.values(), ids=lambda each: each.name)
def test_a_recipe_holds_together(each: Recipe):
    assert ALL[each.name] is not None and recipe(each.name) == each
    assert all(label_named(label) for label in each.labels)
    assert set(each.ensemble.recipes) <= ALL.keys()
    assert each.paper
    earlier: set[str] = set()
    for stage in each.stages:
        assert stage.input_from is None or stage.input_from in earlier
        assert stage.window_step is None or all(
            a <= b for a, b in zip(stage.window_step, stage.patch, strict=True)
        )
        earlier.add(stage.name)


def test_every_recipe_has_a_name_of_its_own_and_an_unknown_one_is_refused():
    assert len(ALL) == 22
    with pytest.raises(InputError, match=r"found 'unet'.*xu_cascade"):
        recipe("unet")


def test_nnunets_normalisation_is_fitted_to_the_hu_of_a_data_sets_hemorrhages():
    intensities = Intensities(low=10, high=90, mean=58, std=11)
    fitted = recipe("li_chen_nnunet").fitted(intensities)
    (stage,) = fitted.stages
    assert stage.windows == ((50, 80),) and stage.mean_std == ((58, 11),)
    assert recipe("li_chen_nnunet").stages[0].needs_intensities and not stage.needs_intensities
    assert recipe("xu_cascade").fitted(intensities) == recipe("xu_cascade")


@pytest.mark.parametrize(
    ("name", "asked", "patch", "step"),
    [
        ("xu_cascade", (8, 128, 320), (8, 128, 320), (8, 128, 160)),
        ("xu_cascade", (1, 128, 320), (16, 128, 320), (8, 128, 160)),
        ("qayyum_coarse_fine", (16, 128, 512), (1, 128, 512), (1, 128, 256)),
    ],
)
def test_another_patch_leaves_slices_single_and_volumes_volumes(name: str, asked: Any, patch: Any, step: Any):
    stage = recipe(name).stages[0]
    changed = stage.with_patch(asked)
    assert (changed.patch, changed.window_step) == (patch, step)
    assert changed.dimensions == stage.dimensions
