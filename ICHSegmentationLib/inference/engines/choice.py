"""Which engines are here, and which of them is meant. On the CPU that needs nothing but Python itself."""

from importlib.util import find_spec

from ...settings import EngineName

FASTEST_FIRST: tuple[EngineName, ...] = ("openvino", "onnxruntime", "jit", "torch")
"""In the order of the CPU seconds that docs/performance.md tells of a whole cold run."""

PACKAGE = {"openvino": "openvino", "onnxruntime": "onnxruntime", "jit": "torch", "torch": "torch"}

READ_GRAPHS = ("openvino", "onnxruntime")
"""Can open the ONNX file of a model that brings one."""

_TENSOR_CORES = (7, 0)  # the first CUDA compute capability with units for half precision (Volta)


def engines_here() -> list[EngineName]:
    """The engines whose package is installed, the fastest first; none is loaded."""
    return [engine for engine in FASTEST_FIRST if find_spec(PACKAGE[engine]) is not None]


def chosen_engine(engine: EngineName, device: str) -> EngineName:
    """The engine that ``engine``, which may be ``auto``, means on this device.

    GPUs are PyTorch's; ``auto`` then computes in half precision where the GPU has units for that.
    """
    if device == "cpu":
        return next(iter(engines_here()), "torch") if engine == "auto" else engine
    if engine == "amp" or (engine == "auto" and device == "cuda" and _has_tensor_cores()):
        return "amp"
    return "torch"


def _has_tensor_cores() -> bool:
    import torch

    return torch.cuda.get_device_capability() >= _TENSOR_CORES
