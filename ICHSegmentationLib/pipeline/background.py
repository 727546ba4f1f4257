"""Work that waits for the disk, or runs outside of Python, while the main thread does something else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def in_background(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Start ``work`` now; the block gets a function that waits for its result, or raises what it raised.

    The block does not end before the work has.
    """
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(work).result
