"""From a manifest's words to a network."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ..errors import ModelError
from .additive_unetpp import AdditiveUNetPlusPlus
from .dense_unet import DenseUNet
from .nested_unet import NestedUNet
from .nnunet import NNUNet
from .pooled_unet import PooledUNet
from .residual_unet import ResidualUNet
from .resnext import resnet18, resnext50_32x4d, resnext101_32x8d
from .slice_map_ensemble import slice_map
from .slice_sequence import SliceSequence

MOST_PARAMETERS = 250_000_000
"""A gigabyte of weights."""

_KINDS: dict[str, Callable[..., nn.Module]] = {
    "residual_unet": ResidualUNet,
    "nnunet": NNUNet,
    "pooled_unet": PooledUNet,
    "dense_unet": DenseUNet,
    "nested_unet": NestedUNet,
    "additive_unetpp": AdditiveUNetPlusPlus,
    "resnext101_32x8d": resnext101_32x8d,
    "resnext50_32x4d": resnext50_32x4d,
    "resnet18": resnet18,
    "slice_map": slice_map,
    "slice_sequence": SliceSequence,
}


def build(config: Mapping[str, Any]) -> nn.Module:
    """The network that ``config`` describes: its ``kind``, and the arguments of that kind.

    Raises:
        ModelError: the kind is unknown, or its arguments do not fit.
    """
    arguments = dict(config)
    kind = arguments.pop("kind", None)
    if kind not in _KINDS:
        raise ModelError(
            f"Expected a network out of {', '.join(_KINDS)}, found '{kind}'.",
            "Update ICHSegmentation, or the model.",
        )
    try:
        with _bounded():
            return _KINDS[kind](**arguments)
    except (ArithmeticError, AssertionError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"The network '{kind}' cannot be built from {arguments}: {error}.") from error


@contextmanager
def _bounded() -> Iterator[None]:
    """Stop a network in the middle of being built when it has more parameters than any of today's."""
    total = 0

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal total
        total += parameter.numel() if parameter is not None else 0
        if total > MOST_PARAMETERS:
            raise ValueError(f"it has more than {MOST_PARAMETERS} parameters")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
