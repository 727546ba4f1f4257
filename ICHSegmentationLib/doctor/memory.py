"""How much memory this process took, and how much the machine has."""

import ctypes
import os
import sys

_MEGABYTE = 1e6


def peak_memory_mb() -> float | None:
    """The largest resident memory of this process so far in MB (10^6 bytes); None where nobody tells."""
    if sys.platform == "win32":
        return _windows_peak_mb()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / _MEGABYTE, 1)


def total_memory_mb() -> float | None:
    """The memory of this machine in MB (10^6 bytes); None where nobody tells."""
    if sys.platform == "win32":
        return _windows_total_mb()
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _MEGABYTE, 1)
    except (ValueError, OSError):
        return None


class _ProcessMemory(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("page_faults", ctypes.c_uint32),
        ("peak_working_set", ctypes.c_size_t),
        ("rest", ctypes.c_size_t * 7),
    )


class _MachineMemory(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 6),
    )


if sys.platform == "win32":

    def _windows_peak_mb() -> float | None:
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.K32GetProcessMemoryInfo.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        counters = _ProcessMemory(size=ctypes.sizeof(_ProcessMemory))
        told = kernel.K32GetProcessMemoryInfo(
            kernel.GetCurrentProcess(), ctypes.byref(counters), counters.size
        )
        return round(counters.peak_working_set / _MEGABYTE, 1) if told else None

    def _windows_total_mb() -> float | None:
        status = _MachineMemory(size=ctypes.sizeof(_MachineMemory))
        told = ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status))
        return round(status.total / _MEGABYTE, 1) if told else None
