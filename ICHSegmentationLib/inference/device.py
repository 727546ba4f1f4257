"""Which device the networks run on."""

import ctypes
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from ..errors import DeviceError

CPU_INSTEAD = "The GPU had too little free memory, so the CPU was used."


def choose_device(name: str) -> str:
    """``cpu``, ``cuda`` or ``mps``; the ``name`` ``auto`` takes a GPU when there is one.

    PyTorch is loaded only where there may be a GPU.

    Raises:
        DeviceError: the device is not on this machine.
    """
    if name == "cpu" or (name == "auto" and not gpu_possible()):
        return "cpu"
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device in present if present[device])
    if not present.get(name, False):
        raise DeviceError(
            f"The device '{name}' was asked for, but PyTorch {torch.__version__} does not find it here.",
            "Use --device auto, or install a PyTorch built for this device.",
        )
    return name


def out_of_gpu_memory(error: RuntimeError, device: str) -> bool:
    """Whether a network on this device failed for lack of the GPU's memory."""
    return device != "cpu" and lacks_memory(error)


def lacks_memory(error: RuntimeError) -> bool:
    """By its words, as PyTorch has no class for it on Apple's GPUs."""
    return "out of memory" in str(error)


def gpu_possible() -> bool:
    """Whether PyTorch is worth loading to look for a GPU: it was built for one, and there is a driver."""
    try:
        build = version("torch").partition("+")[2]
    except PackageNotFoundError:
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if build == "cpu":
        return False
    return build.startswith("rocm") or _loads("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
