"""OpenVINO on the CPU, in full precision."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inference.engines.network import engine_errors
from ..inference.engines.openvino_core import compiled
from ..settings import EngineName

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[np.float32]
FILE_NAME = "network.xml"


def convert(part: "nn.Module", example: "tuple[Tensor, ...]", path: Path) -> None:
    """Write a part that takes any number of slices."""
    import openvino

    shapes = [openvino.PartialShape([-1, *values.shape[1:]]) for values in example]
    converted = openvino.convert_model(part, example_input=example, input=shapes)
    openvino.save_model(converted, str(path), compress_to_fp16=False)


def open_file(path: Path, threads: int | None) -> "OpenVINOPart":
    return OpenVINOPart(path, threads)


class OpenVINOPart:
    """See :class:`~.running.Part`."""

    engine: EngineName = "openvino"

    def __init__(self, path: Path, threads: int | None) -> None:
        self._compiled = compiled(path, threads)  # kept, for what releases its memory
        with engine_errors(RuntimeError):
            self._request = self._compiled.create_infer_request()

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        with engine_errors(RuntimeError):
            answers = self._request.infer(dict(enumerate(inputs)))
            return tuple(np.array(answer) for answer in answers.values())
