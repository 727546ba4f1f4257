"""The training loop of one stage: resumable at any step, with averaged weights."""

import json
import logging
import time
from pathlib import Path

import torch
from monai.losses import DiceCELoss
from torch import Tensor, nn

from ICHSegmentationLib.io.atomic import atomic_path

from ..bfloat16 import keep_small_images_in_float32
from .patch_source import PatchSource
from .sampling import IGNORE
from .schedule import Schedule

_log = logging.getLogger(__name__)


class DeepSupervisionLoss(nn.Module):
    """Dice and cross entropy at every decoder level (Xu et al., section 4.2), each level weighing half of the
    finer one. Voxels whose label is unknown (255) count nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.level_loss = DiceCELoss(
            include_background=False, to_onehot_y=True, softmax=True, batch=True, smooth_nr=1.0, smooth_dr=1.0
        )

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """The loss of ``outputs`` ``[B, levels, C, D, H, W]`` against ``target`` ``[B, 1, D, H, W]``."""
        unknown = target == IGNORE
        certain = torch.full_like(outputs[:, 0], -20.0)
        certain[:, 0] = 20.0
        known = torch.where(unknown, 0.0, target.float())
        weights = [0.5**level for level in range(outputs.shape[1])]
        losses = [
            weight * self.level_loss(torch.where(unknown, certain, logits), known)
            for weight, logits in zip(weights, outputs.unbind(1), strict=True)
        ]
        return torch.stack(losses).sum() / sum(weights)


def train(network: nn.Module, source: PatchSource, schedule: Schedule, folder: Path) -> None:
    """Train ``network`` and keep its averaged weights, ready for export.

    ``folder`` holds ``checkpoint.pt`` and ``log.jsonl``; a training found there goes on where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(schedule.averaging), use_buffers=True
    )
    loss_of = DeepSupervisionLoss()
    if schedule.bfloat16:
        keep_small_images_in_float32(network)
    checkpoint = folder / "checkpoint.pt"
    first = _resume(checkpoint, network, optimizer, average)
    started = time.monotonic()
    for step in range(first, schedule.steps):
        if schedule.freeze_norm_at is not None and step >= schedule.freeze_norm_at:
            if step == schedule.freeze_norm_at > 0:
                network.load_state_dict(average.module.state_dict())
                later = range(schedule.steps, schedule.steps + schedule.settling)
                batches = (source.batch(number, schedule.batch)[0] for number in later)
                torch.optim.swa_utils.update_bn(batches, network)
                average.module.load_state_dict(network.state_dict())
            _freeze_norm(network)
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate * schedule.factor(step)
        images, targets = source.batch(step, schedule.batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=schedule.bfloat16):
            outputs = network(images.contiguous(memory_format=torch.channels_last_3d))
        loss = loss_of(outputs.float(), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 12.0, error_if_nonfinite=True)
        optimizer.step()
        average.update_parameters(network)
        _note(folder / "log.jsonl", step=step, loss=round(loss.item(), 5), seconds=time.monotonic() - started)
        if (step + 1) % schedule.save_every == 0 or step + 1 == schedule.steps:
            _save(checkpoint, step + 1, network, optimizer, average)


def _freeze_norm(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.eval()


def _resume(
    checkpoint: Path, network: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module
) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    average.load_state_dict(state["average"])
    _log.info("Resuming %s at step %d", checkpoint.parent.name, state["step"])
    return int(state["step"])


def _save(
    checkpoint: Path, step: int, network: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module
) -> None:
    state = {
        "step": step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.state_dict(),
    }
    with atomic_path(checkpoint) as temporary:
        torch.save(state, temporary)


def _note(log: Path, **values: float) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(values) + "\n")
