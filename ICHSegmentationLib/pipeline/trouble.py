"""Troubles that other libraries raise in words of their own, in ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..doctor.packages import missing_package
from ..errors import InsufficientMemoryError

# PyTorch says "CUDA out of memory" on a GPU and "can't allocate memory" or "not enough memory" on a CPU; it
# raises a RuntimeError for all of them.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def own_words() -> Iterator[None]:
    """Turn lack of memory and missing packages into the project's own errors.

    Raises:
        InsufficientMemoryError: the block ran out of memory, on the CPU or the GPU.
        DependencyError: a package is missing or cannot be loaded.
    """
    try:
        yield
    except MemoryError as error:
        raise _memory(error) from error
    except ImportError as error:
        raise missing_package(error) from error
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in _OUT_OF_MEMORY):
            raise
        raise _memory(error) from error


def _memory(error: Exception) -> InsufficientMemoryError:
    reason = str(error).partition("\n")[0]
    return InsufficientMemoryError(
        f"The memory did not suffice{f' ({reason})' if reason else ''}.",
        "Close other programs, or use --device cpu where it was the GPU's memory.",
    )
