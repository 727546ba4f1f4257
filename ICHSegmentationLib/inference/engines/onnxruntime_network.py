"""ONNX Runtime on the CPU."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...models import ModelFolder
from ...settings import EngineName
from .network import Image, engine_errors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FILE_NAME = "network.onnx"


def convert(model: ModelFolder, stage: str, path: Path) -> tuple[int, int, int]:
    from .conversion import export_onnx

    return export_onnx(model, stage, path)


def open_file(path: Path, divisor: tuple[int, int, int], threads: int | None) -> "OnnxRuntimeNetwork":
    return OnnxRuntimeNetwork(path, divisor, threads)


class OnnxRuntimeNetwork:
    """See :class:`~.network.Network`."""

    engine: EngineName = "onnxruntime"

    def __init__(self, path: Path, divisor: tuple[int, int, int], threads: int | None) -> None:
        self.divisor = divisor
        self._session = session(path, threads)

    def __call__(self, image: Image) -> Image:
        with engine_errors(*failures()):
            logits: Image = self._session.run(None, {"image": image})[0]
        return logits


def session(path: Path, threads: int | None) -> "InferenceSession":
    """The network in a file, for the CPU.

    Raises:
        EngineError: ONNX Runtime cannot read it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: they are raised too
    if threads is not None:
        options.intra_op_num_threads = threads
    with engine_errors(*failures()):
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its errors have no class in common but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        RuntimeError, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException,
    )  # fmt: skip
