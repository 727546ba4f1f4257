"""How many workers a machine bears, and how much memory one of them may take."""

import os
import sys

from ..doctor.memory import total_memory_mb
from ..errors import InputError
from ..inference.device import gpu_possible
from ..settings import DeviceName

WORKER_MB = 2500.0
"""What a worker is taken to need: the default model takes 1 to 2 GB on scans of 512 x 512 pixels."""

GPU_WORKERS = 2
"""On a GPU one worker reads and writes while the other's network runs; more only share the GPU's memory."""


def fitting_workers(device: DeviceName) -> int:
    """As many workers as there are cores, and memory for them; on a GPU two."""
    if device in ("cuda", "mps") or (device == "auto" and gpu_possible()):
        return GPU_WORKERS
    memory = total_memory_mb()
    by_memory = cores() if memory is None else int(memory // WORKER_MB)
    return max(1, min(cores(), by_memory))


def threads_of_each(workers: int) -> int:
    return max(1, cores() // workers)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def require_limit_possible() -> None:
    """Raise :class:`InputError` where :func:`limit_memory` does not work."""
    if sys.platform != "linux":
        raise InputError(
            "A limit on a worker's memory works on Linux only.",
            "Leave out --limit-memory; take fewer --workers.",
        )


def limit_memory(megabytes: float) -> None:
    """Let this process take no more writable memory of its own than this (MB, 10^6 bytes).

    Linux counts anonymous and private writable pages (RLIMIT_DATA), not the files of libraries.
    """
    import resource

    limit = int(megabytes * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
