"""Run cases one after the other, and show what happens to whoever is looking."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial

from ..errors import CancelledError, ICHError
from ..events import Failed, Listener, json_lines
from .failures import attempt

Work = Callable[[Listener], object]


def run_cases(cases: dict[str, Work], options: Namespace) -> int:
    """Do the work of each case; the exit code is that of the first failure.

    A failing case does not stop the others; a cancelled one does.
    """
    exit_code = 0
    with _listener(options) as listen:
        for case, work in cases.items():
            outcome = attempt(partial(_done, work, listen))
            if isinstance(outcome, ICHError):
                listen(Failed(case, outcome.code, outcome.message, outcome.hint))
                exit_code = exit_code or outcome.exit_code
            if isinstance(outcome, CancelledError):
                break
    return exit_code


def _done(work: Work, listen: Listener) -> int:
    work(listen)
    return 0


@contextmanager
def _listener(options: Namespace) -> Iterator[Listener]:
    """Whoever listens already; else JSON lines where they were asked for; a bar and a table on a terminal;
    else plain lines."""
    if listener := getattr(options, "listener", None):
        yield listener
        return
    if options.events == "jsonl":
        stdout = sys.stdout
        with redirect_stdout(sys.stderr):
            yield json_lines(stdout)
        return
    from .display import display

    with display() as listen:
        yield listen
