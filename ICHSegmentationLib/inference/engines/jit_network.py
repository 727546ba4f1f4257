"""A frozen TorchScript: PyTorch without building the network, and so without MONAI, which is slow to load."""

from pathlib import Path

from ...models import ModelFolder
from ...settings import EngineName
from .network import Image, engine_errors

FILE_NAME = "network.pt"


def convert(model: ModelFolder, stage: str, path: Path) -> tuple[int, int, int]:
    import torch

    from .conversion import traced

    script, _, divisor = traced(model, stage)
    torch.jit.save(script, path)
    return divisor


def open_file(path: Path, divisor: tuple[int, int, int], threads: int | None) -> "JitNetwork":
    return JitNetwork(path, divisor, threads)


class JitNetwork:
    """See :class:`~.network.Network`. Runs on the CPU."""

    engine: EngineName = "jit"

    def __init__(self, path: Path, divisor: tuple[int, int, int], threads: int | None) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self.divisor = divisor
        with engine_errors(RuntimeError):
            self._script = torch.jit.load(path, map_location="cpu")

    def __call__(self, image: Image) -> Image:
        import torch

        with engine_errors(RuntimeError), torch.inference_mode():
            logits: Image = self._script(torch.from_numpy(image)).numpy()
        return logits
