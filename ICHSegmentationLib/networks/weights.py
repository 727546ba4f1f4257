"""A network's weights in a safetensors file: plain numbers, nothing that is executed."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..errors import ModelError


def save_weights(network: nn.Module, path: Path) -> None:
    """Write parameters and buffers, each once, convolution kernels in half precision."""
    tensors = {
        name: value.detach().half().contiguous() if value.ndim > 1 else value.detach()
        for name, value in _tensors(network).items()
    }
    path.write_bytes(save(tensors))  # save_file would keep the file from everybody else on this computer


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill ``network`` with the weights in ``path``.

    Raises:
        ModelError: the file is damaged, or holds the weights of another network.
    """
    wanted = _tensors(network)
    try:
        found = load_file(path)
    except SafetensorError as error:
        raise ModelError(
            f"{path.name} cannot be read: {error}.", "Take the model from its source again."
        ) from error
    shapes = [{name: tuple(value.shape) for name, value in tensors.items()} for tensors in (wanted, found)]
    if shapes[0] != shapes[1]:
        different = sorted(name for name, _ in shapes[0].items() ^ shapes[1].items())
        raise ModelError(
            f"{path.name} does not hold the weights of the network in model.json: {different[0]} differs.",
            "Take the model from its source again.",
        )
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(found[name])


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer under one name, also those that several modules share."""
    return dict(network.named_parameters()) | dict(network.named_buffers())
