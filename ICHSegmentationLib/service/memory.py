"""Memory that a scan needed and the next one may not."""

import ctypes
import gc
import sys


def give_back_memory() -> None:
    """Let the system have what is free: glibc keeps freed blocks of a process that lives on."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
