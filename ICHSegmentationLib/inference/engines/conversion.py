"""From a PyTorch network to what the other engines start from; not needed once that is in the cache."""

import warnings
from pathlib import Path

import torch
from torch import nn

from ...models import ModelFolder
from .torch_network import divisor_of, folded_module

Divisor = tuple[int, int, int]


def traced(model: ModelFolder, stage: str) -> tuple[torch.jit.ScriptModule, torch.Tensor, Divisor]:
    """The stage's network as a frozen TorchScript that takes any size, an example input, and the divisor."""
    module = folded_module(model, stage)
    module.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    divisor = divisor_of(module)
    example = _example(model, stage, divisor)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        return torch.jit.freeze(torch.jit.trace(module, example, check_trace=False)), example, divisor


def export_onnx(model: ModelFolder, stage: str, path: Path) -> Divisor:
    """Write the stage's network as an ONNX file whose depth, height and width are free."""
    module: nn.Module = folded_module(model, stage)
    divisor = divisor_of(module)
    free = {0: "n", 2: "d", 3: "h", 4: "w"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (_example(model, stage, divisor),),
            str(path),
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": free, "logits": free},
            dynamo=False,
        )
    return divisor


def _example(model: ModelFolder, stage: str, divisor: Divisor) -> torch.Tensor:
    channels = len(model.manifest.stages[stage].windows)
    return torch.zeros(1, channels, *divisor)
