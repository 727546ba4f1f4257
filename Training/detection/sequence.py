"""The second step: all slices of a scan at once; and both networks together, end to end."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ICHSegmentationLib.networks.slice_sequence import SliceSequence
from ICHSegmentationLib.networks.weights import load_weights, save_weights

from ..recipes.al_fahim_detector import DetectorRecipe, Learning
from .augmentation import augmented
from .cnn import adam, judged_slices
from .components import principal_components
from .loss import weighted_log_loss
from .slices import SliceScan, normalised, shares

_log = logging.getLogger(__name__)
Scan = TypeVar("Scan")
Judged = tuple[Tensor, Tensor, Tensor]
"""Features ``[S, F]``, logits ``[S, 6]`` and flags ``[S, 6]`` of a scan."""


def train_sequence(
    cnn: nn.Module,
    training: Sequence[SliceScan],
    validation: Sequence[SliceScan],
    recipe: DetectorRecipe,
    weights: Path,
    device: str = "cpu",
    seed: int = 0,
) -> tuple[SliceSequence, float]:
    """Fit the components to the training slices, train the LSTM on them; the CNN stays as it is.

    Returns:
        The network of the epoch with the least validation loss, kept in ``weights``, and that loss.

    Raises:
        InputError: there are fewer training slices than components.
    """
    batch = recipe.cnn.batch
    learned, judged = (
        [(*judged_slices(cnn, scan, batch, device), torch.from_numpy(scan.flags)) for scan in scans]
        for scans in (training, validation)
    )
    count = learned[0][0].shape[1]
    network = SliceSequence(count, recipe.components, recipe.hidden)
    network.set_components(*principal_components((features for features, _, _ in learned), recipe.components))
    network.to(device)

    def answer(scan: Judged) -> tuple[Tensor, Tensor]:
        features, logits, flags = (part.to(device) for part in scan)
        return network(features[None], logits[None])[0], flags

    best = _fit([network], answer, learned, judged, recipe.sequence, seed, [weights])
    return network, best


def train_end_to_end(
    cnn: nn.Module,
    sequence: SliceSequence,
    training: Sequence[SliceScan],
    validation: Sequence[SliceScan],
    recipe: DetectorRecipe,
    weights: tuple[Path, Path],
    device: str = "cpu",
    seed: int = 0,
) -> float:
    """Go on with both networks together, scan by scan; gives the least validation loss.

    The components stay those that were fitted. Normalisation layers keep their statistics, as a batch is one
    scan.
    """
    assert recipe.end_to_end is not None
    generator = torch.Generator().manual_seed(seed)

    def answer(scan: SliceScan) -> tuple[Tensor, Tensor]:
        windows = shares(torch.from_numpy(np.array(scan.windows)).to(device))
        if sequence.training:
            windows = augmented(windows, recipe.augmentation, generator)
        _keep_statistics(cnn)
        features = cnn.features(normalised(windows))  # type: ignore[operator]
        logits = cnn.fc(features)  # type: ignore[operator]
        return sequence(features[None], logits[None])[0], torch.from_numpy(scan.flags).to(device)

    return _fit(
        [cnn.to(device), sequence.to(device)], answer, training, validation, recipe.end_to_end, seed, weights
    )


def _fit(
    networks: Sequence[nn.Module],
    answer: Callable[[Scan], tuple[Tensor, Tensor]],
    training: Sequence[Scan],
    validation: Sequence[Scan],
    learning: Learning,
    seed: int,
    weights: Sequence[Path],
) -> float:
    """Train on scans in random order, keep the best epoch of each network in its file of ``weights``."""
    together, generator = nn.ModuleList(networks), torch.Generator().manual_seed(seed)
    optimizer = adam(together, learning)
    best = float("inf")
    for epoch in range(1, learning.epochs + 1):
        together.train()
        order = torch.randperm(len(training), generator=generator).tolist()
        for first in range(0, len(order), learning.batch):
            optimizer.zero_grad(set_to_none=True)
            chosen = order[first : first + learning.batch]
            for number in chosen:
                logits, flags = answer(training[number])
                (weighted_log_loss(logits, flags) / len(chosen)).backward()
            optimizer.step()
        found = _loss(together, answer, validation)
        _log.info("sequence, epoch %d: validation %.4f", epoch, found)
        if found < best or epoch == 1:
            best = found
            for network, path in zip(networks, weights, strict=True):
                save_weights(network, path)
    for network, path in zip(networks, weights, strict=True):
        load_weights(network, path)
    return best


@torch.no_grad()
def _loss(
    networks: nn.Module, answer: Callable[[Scan], tuple[Tensor, Tensor]], scans: Sequence[Scan]
) -> float:
    networks.eval()
    logits, flags = zip(*(answer(scan) for scan in scans), strict=True)
    return float(weighted_log_loss(torch.cat(logits), torch.cat(flags)))


def _keep_statistics(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
