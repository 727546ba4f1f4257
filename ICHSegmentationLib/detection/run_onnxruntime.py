"""ONNX Runtime on the CPU."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inference.engines.network import engine_errors
from ..inference.engines.onnxruntime_network import failures, session
from ..settings import EngineName

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[np.float32]
FILE_NAME = "network.onnx"


def convert(part: "nn.Module", example: "tuple[Tensor, ...]", path: Path) -> None:
    """Write a part that takes any number of slices."""
    import torch

    inputs = [f"input{n}" for n in range(len(example))]
    with torch.inference_mode():
        outputs = [f"output{n}" for n in range(len(part(*example)))]
    torch.onnx.export(
        part,
        example,
        str(path),
        input_names=inputs,
        output_names=outputs,
        dynamic_axes={name: {0: "slices"} for name in (*inputs, *outputs)},
        dynamo=False,
    )


def open_file(path: Path, threads: int | None) -> "OnnxRuntimePart":
    return OnnxRuntimePart(path, threads)


class OnnxRuntimePart:
    """See :class:`~.running.Part`."""

    engine: EngineName = "onnxruntime"

    def __init__(self, path: Path, threads: int | None) -> None:
        self._session = session(path, threads)

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        given = {f"input{n}": values for n, values in enumerate(inputs)}
        with engine_errors(*failures()):
            return tuple(self._session.run(None, given))
