"""A Ray cluster: joined, or started on this machine; and how many workers it bears."""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ..errors import DependencyError, DeviceError, ICHError
from ..settings import SegmentationSettings
from .limits import GPU_WORKERS, WORKER_MB, cores

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, which ends with the batch."""

_STORE_BYTES = 100_000_000
"""Of Ray's memory for objects: what workers tell is small."""

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Share:
    """What one worker takes of its machine, as declared to Ray.

    Attributes:
        gpus: a part of one, so that one worker reads and writes while another's network runs.
    """

    cpus: int
    gpus: float
    memory_bytes: int

    @classmethod
    def of_worker(cls, settings: SegmentationSettings, memory_mb: float | None, has_gpus: bool) -> "Share":
        """A share of a GPU where the networks will run on one: ``auto`` takes one if the cluster has any."""
        on_gpu = settings.device == "cuda" or (settings.device == "auto" and has_gpus)
        return cls(
            settings.threads or 1, 1 / GPU_WORKERS if on_gpu else 0.0, int((memory_mb or WORKER_MB) * 1e6)
        )

    def fits(self, machine: Mapping[str, float]) -> int:
        """How often it fits into the resources of a machine."""
        needs = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory_bytes}
        return min(int(machine.get(name, 0.0) / amount) for name, amount in needs.items() if amount)

    def __str__(self) -> str:
        gpus = f", {self.gpus:g} GPU" if self.gpus else ""
        return f"{self.cpus} CPU{gpus} and {self.memory_bytes / 1e9:g} GB of memory"


@contextmanager
def joined(address: str) -> Iterator[Any]:
    """The module ``ray``, connected to the cluster at ``address``; a local one ends with the block.

    A program that has connected Ray before keeps that connection, whatever ``address`` says.

    Raises:
        DependencyError: Ray is not installed.
        DeviceError: there is no cluster at ``address``.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or a cluster started here would tell of its use
    try:
        import ray
    except ImportError as error:
        raise DependencyError(
            f"Expected the package 'ray' for --ray, could not load it: {error}.",
            "Install it into the Python that runs this: python -m pip install 'ichsegmentation[ray]'",
        ) from error
    if ray.is_initialized():
        yield ray
        return
    with _handlers_kept():  # Ray puts one of its own in the place of ours
        _connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == LOCAL:
            ray.init(
                LOCAL, num_cpus=cores(), object_store_memory=_STORE_BYTES, include_dashboard=False, **quiet
            )
        else:
            ray.init(address, **quiet)
    except ICHError:  # a signal that was meant to end the batch
        raise
    except Exception as error:  # of no class of its own where a machine is too slow for Ray's patience
        reason = str(error).strip().partition("\n")[0]
        raise DeviceError(
            f"Expected a Ray cluster at '{address}', could not join it: {reason}",
            "Start this on a machine of the cluster, with --ray auto or the address that 'ray start' told.",
        ) from error


def room(ray: Any, share: Share) -> int:
    """How many such shares all machines that are there now bear."""
    return sum(share.fits(machine["Resources"]) for machine in ray.nodes() if machine["Alive"])


def has_gpus(ray: Any) -> bool:
    return bool(ray.cluster_resources().get("GPU"))


class Signals:
    """Signals that came while Ray waited: it swallows what their handlers raise.

    Inside :meth:`held` they are kept, and :meth:`heard` hands them to the handlers that were there before.
    """

    def __init__(self) -> None:
        self._came: list[int] = []
        self._handlers: dict[int, Any] = {}

    @contextmanager
    def held(self) -> Iterator["Signals"]:
        if threading.current_thread() is not threading.main_thread():
            yield self
            return

        def keep(number: int, frame: FrameType | None) -> None:
            self._came.append(number)
            signal.signal(number, self._handlers[number])  # a second one need not wait

        with _handlers_kept():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, keep)
            yield self

    def heard(self) -> None:
        """Raise what the first of them is meant to raise."""
        if self._came:
            number = self._came.pop(0)
            self._handlers[number](number, None)


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Have the same handlers of signals after the block as before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) is not None}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
