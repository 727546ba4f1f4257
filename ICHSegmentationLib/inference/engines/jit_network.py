"""A frozen TorchScript: PyTorch without building the network, and so without MONAI, which is slow to load."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...models import ModelFolder
from ...settings import EngineName
from .network import Image, engine_errors

if TYPE_CHECKING:
    from torch.jit import ScriptModule

FILE_NAME = "network.pt"


def convert(model: ModelFolder, stage: str, path: Path) -> tuple[int, int, int]:
    import torch

    from .conversion import traced

    script, _, divisor = traced(model, stage)
    torch.jit.save(script, path)
    return divisor


def open_file(path: Path, divisor: tuple[int, int, int], threads: int | None) -> "JitNetwork":
    return JitNetwork(path, divisor, threads)


def loaded(path: Path, threads: int | None) -> "ScriptModule":
    """The network in a file, for the CPU.

    Raises:
        EngineError: PyTorch cannot read it.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    with engine_errors(RuntimeError):
        return torch.jit.load(path, map_location="cpu")


class JitNetwork:
    """See :class:`~.network.Network`. Runs on the CPU."""

    engine: EngineName = "jit"

    def __init__(self, path: Path, divisor: tuple[int, int, int], threads: int | None) -> None:
        self.divisor = divisor
        self._script = loaded(path, threads)

    def __call__(self, image: Image) -> Image:
        import torch

        with engine_errors(RuntimeError), torch.inference_mode():
            logits: Image = self._script(torch.from_numpy(image)).numpy()
        return logits
