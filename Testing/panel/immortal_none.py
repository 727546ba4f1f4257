"""PySide6 6.12 before Python 3.12: each method that returns nothing takes a reference to None away.

After some ten thousand calls, or at the end of the process, Python would then try to free None and abort.
From Python 3.12 on None cannot be freed.
"""

import ctypes
import sys


def keep_none() -> None:
    """Give None more references than any test takes away."""
    if sys.version_info < (3, 12) and sys.getrefcount(None) < 1 << 40:
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 41
