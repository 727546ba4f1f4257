"""The first step: the CNN, slice by slice."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ICHSegmentationLib.networks.weights import load_weights, save_weights

from ..recipes.al_fahim_detector import DetectorRecipe, Learning
from .augmentation import augmented
from .loss import weighted_log_loss
from .slices import LabelledSlices, SliceScan, normalised, shares

_log = logging.getLogger(__name__)


def train_cnn(
    network: nn.Module,
    training: Sequence[SliceScan],
    validation: Sequence[SliceScan],
    recipe: DetectorRecipe,
    weights: Path,
    device: str = "cpu",
    seed: int = 0,
    workers: int = 0,
) -> float:
    """Train in place, keep the epoch with the least validation loss in ``weights``, and give that loss.

    Raises:
        InputError: nothing is known of any slice, of the training or of the validation scans.
    """
    learning, generator = recipe.cnn, torch.Generator().manual_seed(seed)
    slices, judged = LabelledSlices(training), LabelledSlices(validation)
    loader = DataLoader(
        slices, learning.batch, shuffle=True, generator=generator, num_workers=workers, drop_last=False
    )
    network.to(device)
    optimizer = adam(network, learning)
    best = float("inf")
    for epoch in range(1, learning.epochs + 1):
        network.train()
        total = 0.0
        for windows, flags in loader:
            images = normalised(augmented(shares(windows.to(device)), recipe.augmentation, generator))
            loss = weighted_log_loss(network(images), flags.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        found = validation_loss(network, judged, learning.batch, device)
        _log.info("CNN, epoch %d: loss %.4f, validation %.4f", epoch, total / len(loader), found)
        if found < best or epoch == 1:
            best = found
            save_weights(network, weights)
    load_weights(network, weights)
    return best


@torch.no_grad()
def validation_loss(network: nn.Module, slices: LabelledSlices, batch: int, device: str) -> float:
    """The weighted log loss over all slices at once."""
    network.eval()
    logits, flags = [], []
    for windows, seen in DataLoader(slices, batch):
        logits.append(network(normalised(shares(windows.to(device)))).cpu())
        flags.append(seen)
    return float(weighted_log_loss(torch.cat(logits), torch.cat(flags)))


@torch.no_grad()
def judged_slices(network: nn.Module, scan: SliceScan, batch: int, device: str) -> tuple[Tensor, Tensor]:
    """Features ``[S, F]`` and logits ``[S, 6]`` of a scan's slices, as they are in use."""
    network.eval()
    features = []
    for windows in torch.from_numpy(np.array(scan.windows)).split(batch):
        features.append(network.features(normalised(shares(windows.to(device)))))  # type: ignore[operator]
    found = torch.cat(features)
    return found.cpu(), network.fc(found).cpu()  # type: ignore[operator]


def adam(network: nn.Module, learning: Learning) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        (p for p in network.parameters() if p.requires_grad),
        learning.learning_rate,
        weight_decay=learning.weight_decay,
    )
