"""ImageNet weights for an encoder, from a file that the user has."""

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ...errors import ModelError

# MONAI keeps a dense layer's parts in a module of their own; the older files have a dot before the number.
_DENSE_LAYER = re.compile(r"(denselayer\d+)\.(norm|relu|conv)\.?([12])")
_CLASSIFIERS = ("fc.", "classifier.", "classif.", "last_linear.", "head.")


def load_imagenet_weights(encoder: nn.Module, path: Path) -> None:
    """Fill an encoder with the weights of its namesake in torchvision or timm, without the classifier.

    Args:
        encoder: one with as many input channels as the file's first convolution has, three as a rule.
        path: ``.safetensors``, or ``.pth`` with nothing but tensors in it.

    Raises:
        ModelError: the file cannot be read, or holds the weights of another network.
    """
    found = {_DENSE_LAYER.sub(r"\1.layers.\2\3", name): value for name, value in _tensors(path).items()}
    found = {name: value for name, value in found.items() if not name.startswith(_CLASSIFIERS)}
    wanted = {name: v for name, v in encoder.state_dict().items() if not name.startswith(_CLASSIFIERS)}
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}  # absent from older files
    different = sorted(
        name
        for name in (wanted.keys() | found.keys()) - counters
        if name not in wanted or name not in found or wanted[name].shape != found[name].shape
    )
    if different:
        raise ModelError(
            f"{path.name} does not hold the weights of this encoder: {different[0]} differs.",
            "Take the ImageNet weights of the encoder that the recipe names.",
        )
    encoder.load_state_dict({**encoder.state_dict(), **found})


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError) as error:
        raise ModelError(
            f"Expected ImageNet weights in {path}, could not read them: {error}.",
            "Give a .safetensors file, or a .pth file that holds tensors only.",
        ) from error
