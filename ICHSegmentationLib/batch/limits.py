"""How many workers a machine bears, and how much memory one of them may take."""

import os
import subprocess
import sys

from ..doctor.memory import total_memory_mb
from ..errors import InputError
from ..inference.device import gpu_possible
from ..settings import DeviceName

WORKER_MB = 2500.0
"""What a worker is taken to need: the default model takes 1 to 2 GB on scans of 512 x 512 pixels."""

MOST_WORKERS = 60 if sys.platform == "win32" else sys.maxsize
"""Windows waits for 63 connections at once, and for no more."""

GPU_WORKERS = 2
"""On a GPU at least these: one reads and writes while the other's network runs."""

GPU_WORKER_MB = 8000.0
"""Of a GPU's memory, for each worker. A scan needs the processor for far longer than a large GPU: it takes
several workers, each at another scan, to keep that busy."""


def fitting_workers(device: DeviceName) -> int:
    """As many workers as there are cores, and memory for them; on a GPU as its memory too allows, but two."""
    memory = total_memory_mb()
    by_memory = cores() if memory is None else int(memory // WORKER_MB)
    fitting = max(1, min(cores(), by_memory))
    if device in ("cuda", "mps") or (device == "auto" and gpu_possible()):
        return max(GPU_WORKERS, min(fitting, int((gpu_memory_mb() or 0.0) // GPU_WORKER_MB)))
    return fitting


def gpu_memory_mb() -> float | None:
    """Memory (MB, 10^6 bytes) of the first NVIDIA GPU, told without PyTorch; None where none tells."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        return float(told.split("\n")[0]) * 2**20 / 1e6
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


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
    if sys.platform == "linux":
        import resource

        limit = int(megabytes * 1e6)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
