"""The loss that a recipe names: a weighted sum of terms, at every supervised decoder level."""

from collections.abc import Callable
from typing import Any

import torch
from monai.losses import DiceLoss
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from .recipes.recipe import Activation, LossRecipe, LossTerm


class RecipeLoss(nn.Module):
    """The loss of a network's answer against label values.

    Args:
        recipe: the terms, and how the levels of deep supervision add up.
        activation: ``softmax`` over background and labels, or ``sigmoid`` with a channel for each label.
    """

    def __init__(self, recipe: LossRecipe, activation: Activation) -> None:
        super().__init__()
        self._halving = recipe.level_weights == "halving"
        self._terms = [(term.weight, _TERMS[term.name](term, activation)) for term in recipe.terms]

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """One number.

        Args:
            outputs: logits ``[B, C, ...]``, or of several decoder levels ``[B, levels, C, ...]``, the finest
                first, all of the target's size.
            target: label values ``[B, 1, ...]``.
        """
        levels = outputs.unbind(1) if outputs.ndim == target.ndim + 1 else (outputs,)
        losses = torch.stack([self._of_level(logits, target) for logits in levels])
        if not self._halving:
            return losses.sum()
        weights = 0.5 ** torch.arange(len(levels), device=losses.device, dtype=losses.dtype)
        return (losses * weights).sum() / weights.sum()

    def _of_level(self, logits: Tensor, target: Tensor) -> Tensor:
        terms = [weight * term(logits.float(), target) for weight, term in self._terms]
        return torch.stack(terms).sum()


_Term = Callable[[Tensor, Tensor], Tensor]


def _dice(term: LossTerm, activation: Activation) -> _Term:
    """1 - Dice of the labels' probabilities; ``squared`` squares them in the denominator, ``batch`` takes the
    Dice of the whole batch instead of the mean of each patch's."""
    squared, batch = bool(term.params.get("squared")), bool(term.params.get("batch"))
    return _overlap(activation, squared_pred=squared, batch=batch)


def _jaccard(term: LossTerm, activation: Activation) -> _Term:
    """The Jaccard distance: 1 - intersection over union of the probabilities."""
    return _overlap(activation, jaccard=True, batch=bool(term.params.get("batch")))


def _overlap(activation: Activation, **kind: Any) -> _Term:
    softmax = activation == "softmax"
    loss = DiceLoss(include_background=not softmax, softmax=softmax, sigmoid=not softmax, **kind)
    return lambda logits, target: loss(logits, _channels(logits, target, softmax))


def _cross_entropy(term: LossTerm, activation: Activation) -> _Term:
    """Cross entropy of the softmax. ``class_weights``, of background and labels, multiply each voxel's share;
    the sum is divided by the number of voxels (Li and Chen, eq. 1)."""
    if activation != "softmax":
        raise ValueError("cross_entropy needs a softmax; for a sigmoid take binary_cross_entropy")
    factors = term.params.get("class_weights")

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        classes = target[:, 0].long()
        weight = None if factors is None else torch.tensor(factors, dtype=logits.dtype, device=logits.device)
        return cross_entropy(logits, classes, weight, reduction="sum") / classes.numel()

    return loss


def _binary_cross_entropy(_term: LossTerm, activation: Activation) -> _Term:
    """Binary cross entropy of each label's sigmoid, the mean over voxels."""
    if activation != "sigmoid":
        raise ValueError("binary_cross_entropy needs a sigmoid; for a softmax take cross_entropy")
    return lambda logits, target: binary_cross_entropy_with_logits(logits, _channels(logits, target, False))


def _channels(logits: Tensor, target: Tensor, background: bool) -> Tensor:
    """``target`` as one channel of 0 and 1 for each channel of ``logits``."""
    first = 0 if background else 1
    values = torch.arange(first, first + logits.shape[1], device=target.device)
    shape = [1, -1] + [1] * (target.ndim - 2)
    return (target == values.view(shape)).to(logits.dtype)


_TERMS: dict[str, Callable[[LossTerm, Activation], _Term]] = {
    "dice": _dice,
    "jaccard": _jaccard,
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
}
