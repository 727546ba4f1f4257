"""Work that can be ended from outside, at the places where it asks whether it should.

Whoever starts the work says how to find out (:func:`cancellable`); the work calls :func:`checkpoint` between
its steps. Where nobody can cancel, a checkpoint does nothing. Threads that the work starts do not inherit it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import CancelledError


def _never() -> bool:
    return False


_asked: ContextVar[Callable[[], bool]] = ContextVar("_asked", default=_never)


@contextmanager
def cancellable(asked: Callable[[], bool]) -> Iterator[None]:
    """Let checkpoints in the block end it once ``asked`` is true."""
    before = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(before)


def checkpoint() -> None:
    """A place where nothing is lost by stopping.

    Raises:
        CancelledError: someone asked for it.
    """
    if _asked.get()():
        raise CancelledError()
