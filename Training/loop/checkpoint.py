"""The state of a training on the disk, and the best weights so far: written whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_path

LAST, BEST = "last.pt", "best.safetensors"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: batches seen.
        loss_sum: of the losses in the running epoch.
        best_dice: the highest mean Dice on the validation cases; below 0 before the first validation.
        best_epoch: when that was, counted from 0.
        stopped: whether early stopping ended the training.
    """

    step: int = 0
    loss_sum: float = 0.0
    best_dice: float = -1.0
    best_epoch: int = -1
    stopped: bool = False


def save_last(folder: Path, state: Mapping[str, Any]) -> None:
    """Write ``last.pt``: tensors and plain numbers, nothing that is executed when it is read."""
    with atomic_path(folder / LAST) as temporary:
        torch.save(dict(state), temporary)


def load_last(folder: Path, described: str) -> dict[str, Any] | None:
    """The state in ``last.pt``; None where there is none.

    Args:
        described: everything that must be the same for a training to go on.

    Raises:
        InputError: the folder holds another training.
    """
    if not (folder / LAST).is_file():
        return None
    state: dict[str, Any] = torch.load(folder / LAST, map_location="cpu", weights_only=True)
    if state["described"] != described:
        raise other_training(folder)
    return state


def other_training(folder: Path) -> InputError:
    """The error of a folder that holds another training than the one asked for."""
    return InputError(
        f"Expected to go on with the training in {folder}, but it began with other settings or cases.",
        "Choose another output folder, or remove this one.",
    )


def save_best(folder: Path, network: nn.Module) -> None:
    """Write ``best.safetensors``, full precision."""
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in _tensors(network).items()}
    with atomic_path(folder / BEST) as temporary:
        save_file(tensors, temporary)


def load_best(folder: Path, network: nn.Module) -> nn.Module:
    """``network`` with the weights of ``best.safetensors``, in evaluation mode.

    Raises:
        InputError: the folder holds none yet.
    """
    if not (folder / BEST).is_file():
        raise InputError(f"Expected trained weights in {folder}, found no {BEST}.", "Train this stage first.")
    found = load_file(folder / BEST)
    with torch.no_grad():
        for name, value in _tensors(network).items():
            value.copy_(found[name])
    return network.eval()


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer under one name, also those that several modules share."""
    return dict(network.named_parameters()) | dict(network.named_buffers())
