"""What ends a command early, as one of the project's own errors."""

import errno
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import CancelledError, ICHError, InputError
from .say import say

_logger = logging.getLogger(__name__)

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]


@contextmanager
def cancelled_by_signals() -> Iterator[None]:
    """Let Ctrl-C and a request to end raise KeyboardInterrupt, as no error that something may go on after; a
    second one ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def cancel(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    listened = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, cancel) for number in listened}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def attempt(work: Callable[[], int]) -> int | ICHError:
    """The exit code that ``work`` gives, or the error to show for whatever it raised.

    What nobody expected goes to the log with its traceback. A BrokenPipeError passes through.
    """
    try:
        return work()
    except ICHError as error:
        _logger.debug("Where it came from:", exc_info=True)
        return error
    except KeyboardInterrupt:
        return CancelledError()
    except BrokenPipeError:
        raise
    except ImportError as error:
        from ..doctor.packages import missing_package

        _logger.debug("Where it came from:", exc_info=True)
        return missing_package(error)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            _logger.debug("Where it came from:", exc_info=True)
            return InputError(
                f"Expected paths that this computer can hold, found one that is too long: {error.filename}.",
                "Check the path, or choose a shorter one.",
            )
        _logger.exception("Not expected: please report this.")
        return ICHError(
            f"Something went wrong that should not: {type(error).__name__}: {error}",
            "Please report it, with the text above and what 'ichseg doctor' says.",
        )


def tell(error: ICHError) -> None:
    """Write the error for a person, on stderr."""
    lines = [f"Error: {error.message}", *([f"  {error.hint}"] if error.hint else [])]
    say("\n".join(lines) + "\n", sys.stderr)
