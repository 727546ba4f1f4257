"""Which engines are here, and which of them is meant. Needs nothing but Python itself."""

from importlib.util import find_spec

from ...settings import EngineName

FASTEST_FIRST: tuple[EngineName, ...] = ("openvino", "onnxruntime", "jit", "torch")
"""In the order of the CPU seconds that docs/performance.md tells of a whole cold run."""

PACKAGE = {"openvino": "openvino", "onnxruntime": "onnxruntime", "jit": "torch", "torch": "torch"}


def engines_here() -> list[EngineName]:
    """The engines whose package is installed, the fastest first; none is loaded."""
    return [engine for engine in FASTEST_FIRST if find_spec(PACKAGE[engine]) is not None]


def chosen_engine(engine: EngineName, device: str) -> EngineName:
    """The engine that ``engine``, which may be ``auto``, means on this device; GPUs are PyTorch's."""
    if device != "cpu":
        return "torch"
    if engine != "auto":
        return engine
    return next(iter(engines_here()), "torch")
