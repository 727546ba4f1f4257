"""How PyTorch computes on a device: precision, the way of arrays there, what to do without memory."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..device import lacks_memory

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Computing:
    """The same code for every device; what a device has not, it leaves out.

    Attributes:
        device: where tensors lie.
        half: networks compute in float16 (PyTorch's autocast), convolutions adding up in float32; answers
            that overflow so are computed in float32. bfloat16 would keep three bits less.
    """

    device: torch.device
    half: bool = False

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def resamples(self) -> bool:
        """Whether PyTorch can shrink images on this device as well as on the CPU (Apple's GPUs: not)."""
        return self.device.type in ("cpu", "cuda")

    def prepared(self, network: nn.Module) -> nn.Module:
        """The network on the device, its weights in the order that 3D convolutions run fastest with."""
        moved = network.to(self.device)
        return moved.to(memory_format=torch.channels_last_3d)  # type: ignore[no-any-return, call-overload]

    def sent(self, array: NDArray[Any]) -> Tensor:
        """An array on the device; to NVIDIA's through pinned memory, and the CPU does not wait for it."""
        tensor = torch.from_numpy(np.require(array, requirements=["C", "W"]))
        if not self.is_cuda:
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def answer(self, network: nn.Module, images: Tensor) -> Tensor:
        """What the network answers to ``images`` ``[B, C, ...]``, in float32.

        The same images give the same bits: no TF32, no algorithm that adds up in changing order, and none
        chosen by how long it took.
        """
        with torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False):
            if self.half:
                with torch.autocast(self.device.type, torch.float16):
                    found: Tensor = network(images)
                if bool(torch.isfinite(found).all()):
                    return found.float()
                _log.info("Half precision does not reach as far as this network's values: computed in full.")
            full: Tensor = network(images)
            return full.float()


class AtOnce:
    """How many windows a network is given at once: as many as asked for, fewer once memory ran out.

    Args:
        most: how many to begin with.
    """

    def __init__(self, most: int) -> None:
        self.number = most

    def run(self, work: Callable[[int], Result], there: int | None = None) -> Result:
        """What ``work`` gives for a number of windows at once.

        Args:
            there: how many windows there are; None where that is not known.

        Raises:
            RuntimeError: not even one window fits.
        """
        while True:
            number = self.number if there is None else min(self.number, there)
            with self._fewer_without_memory(number):
                return work(number)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if torch.backends.mps.is_available():
                torch.mps.empty_cache()

    @contextmanager
    def _fewer_without_memory(self, number: int) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            if number == 1 or not lacks_memory(error):
                raise
            self.number = number // 2
            _log.warning("The memory does not suffice: %d windows at once from now on.", self.number)
