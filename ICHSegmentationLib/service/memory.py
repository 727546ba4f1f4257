"""Memory that a scan needed and the next one may not."""

import ctypes
import gc
import sys

from ..inference.engines.openvino_core import release_memory


def give_back_memory() -> None:
    """Let the system have what is free: glibc keeps freed blocks of a process that lives on."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def rest() -> None:
    """Give back also what the next scan would use again; the networks stay loaded.

    The other engines keep little. OpenVINO keeps some 700 MB after a scan by the default model, and needs
    about 0.6 CPU seconds to allocate them again.
    """
    release_memory()
    give_back_memory()
