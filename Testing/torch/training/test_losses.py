import math

import pytest
import torch
from torch import Tensor

from Training.losses import RecipeLoss
from Training.recipes.recipe import LossRecipe, LossTerm

# Two voxels of background, then two of hemorrhage, and the probability of hemorrhage at each.
TARGET = torch.tensor([0, 0, 1, 1]).view(1, 1, 1, 2, 2)
PROBABILITY = torch.tensor([0.1, 0.5, 0.8, 0.4]).view(1, 1, 1, 2, 2)
SIGMOID_LOGITS = torch.logit(PROBABILITY)
SOFTMAX_LOGITS = torch.cat([torch.log(1 - PROBABILITY), torch.log(PROBABILITY)], dim=1)


def loss(*terms: LossTerm, logits: Tensor = SIGMOID_LOGITS, levels: str = "equal") -> float:
    activation = "sigmoid" if logits.shape[-4] == 1 else "softmax"
    return RecipeLoss(LossRecipe(terms, level_weights=levels), activation)(logits, TARGET).item()


@pytest.mark.parametrize("logits", [SIGMOID_LOGITS, SOFTMAX_LOGITS], ids=["sigmoid", "softmax"])
def test_dice_counts_overlap_twice_over_both_sums(logits: Tensor):
    by_hand = 1 - 2 * (0.8 + 0.4) / ((0.1 + 0.5 + 0.8 + 0.4) + 2)
    assert loss(LossTerm("dice"), logits=logits) == pytest.approx(by_hand, abs=1e-4)


def test_the_dice_of_zhao_eq_1_has_squares_in_its_denominator():
    by_hand = 1 - 2 * (0.8 + 0.4) / ((0.01 + 0.25 + 0.64 + 0.16) + 2)
    assert loss(LossTerm("dice", params={"squared": True})) == pytest.approx(by_hand, abs=1e-4)


def test_the_jaccard_distance_is_1_minus_intersection_over_union():
    by_hand = 1 - 1.2 / (1.8 + 2 - 1.2)
    assert loss(LossTerm("jaccard")) == pytest.approx(by_hand, abs=1e-4)


def test_binary_cross_entropy_is_the_mean_over_voxels():
    by_hand = -(math.log(0.9) + math.log(0.5) + math.log(0.8) + math.log(0.4)) / 4
    assert loss(LossTerm("binary_cross_entropy")) == pytest.approx(by_hand, abs=1e-5)


def test_the_weighted_cross_entropy_of_li_and_chen_eq_1_divides_by_the_number_of_voxels():
    by_hand = -(0.2 * (math.log(0.9) + math.log(0.5)) + 0.8 * (math.log(0.8) + math.log(0.4))) / 4
    term = LossTerm("cross_entropy", params={"class_weights": (0.2, 0.8)})
    assert loss(term, logits=SOFTMAX_LOGITS) == pytest.approx(by_hand, abs=1e-5)


def test_terms_add_up_with_their_weights():
    dice = LossTerm("dice", 0.6)
    entropy = LossTerm("cross_entropy", 0.4, {"class_weights": (0.2, 0.8)})
    alone = [loss(LossTerm(term.name, 1, term.params), logits=SOFTMAX_LOGITS) for term in (dice, entropy)]
    assert loss(dice, entropy, logits=SOFTMAX_LOGITS) == pytest.approx(0.6 * alone[0] + 0.4 * alone[1])


@pytest.mark.parametrize(
    ("levels", "expected"), [("equal", lambda a, b: a + b), ("halving", lambda a, b: (a + b / 2) / 1.5)]
)
def test_every_supervised_level_is_compared_with_the_target(levels: str, expected):
    coarse = -SIGMOID_LOGITS
    both = torch.stack([SIGMOID_LOGITS, coarse], dim=1)
    alone = [loss(LossTerm("dice"), logits=logits) for logits in (SIGMOID_LOGITS, coarse)]
    assert loss(LossTerm("dice"), logits=both, levels=levels) == pytest.approx(expected(*alone))


def test_several_labels_are_told_apart():
    target = torch.tensor([[[[0, 1, 2, 2]]]])
    right = 20.0 * torch.stack([(target[:, 0] == value).float() for value in range(3)], dim=1)
    of = RecipeLoss(LossRecipe((LossTerm("dice"), LossTerm("cross_entropy"))), "softmax")
    assert of(right, target) < 0.01 < of(right.roll(1, dims=1), target)
    of = RecipeLoss(LossRecipe((LossTerm("dice"), LossTerm("binary_cross_entropy"))), "sigmoid")
    assert of(2 * right[:, 1:] - 20, target) < 0.01 < of(right[:, :2] * 2 - 20, target)


def test_2d_answers_of_several_levels_are_not_taken_for_volumes():
    target = torch.randint(0, 2, (2, 1, 8, 8))
    of = RecipeLoss(LossRecipe((LossTerm("dice"), LossTerm("cross_entropy"))), "softmax")
    assert of(torch.randn(2, 3, 2, 8, 8), target).shape == ()


def test_a_loss_that_does_not_fit_the_activation_is_refused():
    with pytest.raises(ValueError, match="needs a softmax"):
        RecipeLoss(LossRecipe((LossTerm("cross_entropy"),)), "sigmoid")
    with pytest.raises(ValueError, match="needs a sigmoid"):
        RecipeLoss(LossRecipe((LossTerm("binary_cross_entropy"),)), "softmax")
