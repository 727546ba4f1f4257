"""A frozen TorchScript: PyTorch without building the network, and so without MONAI, which is slow to load."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inference.engines.jit_network import loaded
from ..inference.engines.network import engine_errors
from ..settings import EngineName

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[np.float32]
FILE_NAME = "network.pt"


def convert(part: "nn.Module", example: "tuple[Tensor, ...]", path: Path) -> None:
    """Write a part that takes any number of slices."""
    import torch

    with torch.inference_mode():
        torch.jit.save(torch.jit.freeze(torch.jit.trace(part, example, check_trace=False)), path)


def open_file(path: Path, threads: int | None) -> "JitPart":
    return JitPart(path, threads)


class JitPart:
    """See :class:`~.running.Part`."""

    engine: EngineName = "jit"

    def __init__(self, path: Path, threads: int | None) -> None:
        self._script = loaded(path, threads)

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        import torch

        with engine_errors(RuntimeError), torch.inference_mode():
            given = [torch.from_numpy(np.ascontiguousarray(values)) for values in inputs]
            return tuple(answer.numpy() for answer in self._script(*given))
