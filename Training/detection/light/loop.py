"""Train the light detector: so many batches, a rate that rises and falls, weights averaged over the last."""

import copy
import logging
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ..loss import weighted_log_loss
from .batches import Batch, SliceSource

_log = logging.getLogger(__name__)
_TELL_EVERY = 25
_CLIP = 5.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is learned; ``average`` is how slowly the averaged weights follow."""

    steps: int
    batch: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    average: float = 0.98


def fit(network: nn.Module, source: SliceSource, schedule: Schedule) -> nn.Module:
    """Train ``network`` (a ``slice_map``) in place and give a copy with averaged weights."""
    optimizer = torch.optim.AdamW(
        network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, schedule.learning_rate, total_steps=schedule.steps, pct_start=0.15
    )
    averaged = copy.deepcopy(network)
    network.train()
    total = 0.0
    for step in range(schedule.steps):
        loss = loss_of(network, source.batch(step, schedule.batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
        optimizer.step()
        rate.step()
        _follow(averaged, network, min(schedule.average, (1 + step) / (10 + step)))
        total += float(loss.detach())
        if (step + 1) % _TELL_EVERY == 0:
            _log.info("step %d of %d: loss %.4f", step + 1, schedule.steps, total / _TELL_EVERY)
            total = 0.0
    return averaged.eval()


def loss_of(network: nn.Module, batch: Batch) -> Tensor:
    """Log loss of the slices and of the cells; cells with and without hemorrhage weigh alike."""
    marks = network.map(batch.images)  # type: ignore[operator]
    slices = weighted_log_loss(network.pooled(marks), batch.flags)  # type: ignore[operator]
    each = binary_cross_entropy_with_logits(marks, batch.cells.clamp(min=0), reduction="none")
    there, absent = batch.cells > 0.5, (batch.cells == 0) & (marks > -15)
    return slices + 0.5 * (_mean(each, there) + 4 * _mean(each, absent))


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)


@torch.no_grad()
def _follow(averaged: nn.Module, network: nn.Module, share: float) -> None:
    for name, value in averaged.state_dict().items():
        now = network.state_dict()[name]
        if value.dtype.is_floating_point:
            value.mul_(share).add_(now, alpha=1 - share)
        else:
            value.copy_(now)
