"""OpenVINO on the CPU, in full precision: the fastest that was measured, and the quickest to load."""

from pathlib import Path

from ...models import ModelFolder
from ...settings import EngineName
from .network import EngineError, Image, engine_errors
from .openvino_core import compiled

FILE_NAME = "network.xml"


def convert(model: ModelFolder, stage: str, path: Path) -> tuple[int, int, int]:
    import openvino

    from .conversion import traced

    script, example, divisor = traced(model, stage)
    free = openvino.PartialShape([1, example.shape[1], -1, -1, -1])
    converted = openvino.convert_model(script, example_input=example, input=[free])
    openvino.save_model(converted, str(path), compress_to_fp16=False)
    return divisor


def open_file(path: Path, divisor: tuple[int, int, int], threads: int | None) -> "OpenVINONetwork":
    return OpenVINONetwork(path, divisor, threads)


class OpenVINONetwork:
    """See :class:`~.network.Network`."""

    engine: EngineName = "openvino"

    def __init__(self, path: Path, divisor: tuple[int, int, int], threads: int | None) -> None:
        self.divisor = divisor
        self._compiled = compiled(path, threads)  # kept, for what releases its memory
        with engine_errors(RuntimeError):
            self._request = self._compiled.create_infer_request()

    def __call__(self, image: Image) -> Image:
        # OpenVINO does not always say that an input does not fit, and may break down later for having run it.
        if image.ndim != 5 or any(size % by for size, by in zip(image.shape[2:], self.divisor, strict=True)):
            raise EngineError(f"found an image of {image.shape}, expected multiples of {self.divisor}")
        with engine_errors(RuntimeError):
            logits: Image = next(iter(self._request.infer({0: image}).values()))
        return logits
