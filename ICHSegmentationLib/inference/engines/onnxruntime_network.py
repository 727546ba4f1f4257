"""ONNX Runtime on the CPU."""

from pathlib import Path

from ...models import ModelFolder
from ...settings import EngineName
from .network import Image, engine_errors

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
        import onnxruntime

        self.divisor = divisor
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only: they are raised too
        if threads is not None:
            options.intra_op_num_threads = threads
        with engine_errors(*failures()):
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )

    def __call__(self, image: Image) -> Image:
        with engine_errors(*failures()):
            logits: Image = self._session.run(None, {"image": image})[0]
        return logits


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its errors have no class in common but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        RuntimeError, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException,
    )  # fmt: skip
