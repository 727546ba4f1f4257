"""The two networks of a detector in PyTorch, as what runs them needs them: arrays in, arrays out."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import ModelError
from ..models import ModelFolder
from ..networks import build
from ..networks.slice_sequence import SliceSequence
from ..networks.weights import load_weights
from ..settings import EngineName
from .detector import SLICES

Array = NDArray[np.float32]


class SlicesPart(nn.Module):
    """Judges images ``[S, C, h, w]``: logits ``[S, K]`` and, where it has them, features ``[S, F]``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.has_features = hasattr(network, "features")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        if not self.has_features:
            return (self.network(images),)
        features = self.network.features(images)  # type: ignore[operator]
        return self.network.fc(features), features  # type: ignore[operator]


class SequencePart(nn.Module):
    """Judges the slices of one scan: from features ``[S, F]`` and logits ``[S, K]`` the final logits."""

    def __init__(self, network: SliceSequence) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, logits: Tensor) -> tuple[Tensor]:
        return (self.network(features[None], logits[None])[0],)


def network_of(model: ModelFolder, stage: str) -> nn.Module:
    """A stage's network with its weights.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
    """
    network = build(model.manifest.stages[stage].network)
    load_weights(network, model.weights(stage))
    return network.eval()


def part_of(model: ModelFolder, stage: str) -> nn.Module:
    """See :func:`network_of`; raises also where the sequence does not fit the slices."""
    network = network_of(model, stage)
    if stage == SLICES:
        return SlicesPart(network).eval()
    if not isinstance(network, SliceSequence):
        raise ModelError(
            f"model.json of a detector: expected a network of the kind slice_sequence at 'stages.sequence', "
            f"found {type(network).__name__}.",
            "Export the model again.",
        )
    return SequencePart(network).eval()


def example_of(model: ModelFolder, stage: str, part: nn.Module) -> tuple[Tensor, ...]:
    """Inputs of the right shape for two slices."""
    if isinstance(part, SequencePart):
        network = cast(SliceSequence, part.network)
        return torch.zeros(2, len(network.mean)), torch.zeros(2, len(model.manifest.labels))
    config, (_, height, width) = model.manifest.stages[stage].network, model.manifest.stages[stage].patch
    channels = int(config.get("in_channels", 4 if config["kind"] == "slice_map" else 3))
    return (torch.zeros(2, channels, height, width),)


class TorchPart:
    """Runs a part in PyTorch, on any device."""

    engine: EngineName = "torch"

    def __init__(self, part: nn.Module, device: str, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        self._part = part.to(self._device)

    @torch.inference_mode()
    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        given = [torch.from_numpy(np.ascontiguousarray(values)).to(self._device) for values in inputs]
        with torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False):
            return tuple(answer.cpu().numpy() for answer in self._part(*given))
