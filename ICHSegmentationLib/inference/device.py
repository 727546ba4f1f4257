"""Which device the networks run on."""

import torch

from ..errors import DeviceError


def choose_device(name: str) -> torch.device:
    """The device named ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto`` takes a GPU when there is one.

    Raises:
        DeviceError: the device is not on this machine.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if present[device]))
    if not present.get(name, False):
        raise DeviceError(
            f"The device '{name}' was asked for, but PyTorch {torch.__version__} does not find it here.",
            "Use --device auto, or install a PyTorch built for this device.",
        )
    return torch.device(name)
