"""``ichseg serve --local``"""

import io
import os
import sys
from argparse import Namespace
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module

from ..errors import ICHError, InputError
from ..events import Failed, Listener, ProcessStarted, json_lines
from ..service import Inbox, Request, lines_of, serve
from .failures import attempt
from .parser import parser

COMMANDS = ("segment", "detect", "measure", "compare")
"""What can be asked for: the commands that tell events."""


def run(options: Namespace) -> int:
    """Carry out commands of ``ichseg``, one after the other, in this one process.

    Raises:
        InputError: an option was given that only ``--dicom`` takes, or no time to wait.
    """
    _refuse_node_options(options)
    if not options.idle_minutes >= 0:
        raise InputError(f"Expected 0 minutes or more without a request, found {options.idle_minutes:g}.")
    out = sys.stdout
    json_lines(out)(ProcessStarted(os.getpid()))
    with redirect_stdout(sys.stderr):
        return serve(Inbox(lines_of(sys.stdin.fileno())), carry_out, out, options.idle_minutes * 60)


def _refuse_node_options(options: Namespace) -> None:
    given = [o.option_strings[-1] for o in options.node_options if getattr(options, o.dest) != o.default]
    if given:
        raise InputError(
            f"{', '.join(given)}: only for --dicom, and --local was chosen.",
            "With --local, name what a scan needs in the arguments of each request.",
        )


def carry_out(request: Request, listen: Listener) -> int:
    """What the command line would do, with its exit code; ``listen`` hears of it."""
    outcome = attempt(partial(_carry_out, request, listen))
    if isinstance(outcome, ICHError):
        listen(Failed("", outcome.code, outcome.message, outcome.hint))
        return outcome.exit_code
    return outcome


def _carry_out(request: Request, listen: Listener) -> int:
    if request.command not in COMMANDS:
        raise InputError(f"Expected a command out of {', '.join(COMMANDS)}, found '{request.command}'.")
    options = _parsed([request.command, *request.arguments])
    options.listener = listen
    code: int = import_module(f".{options.command}", __package__).run(options)
    return code


def _parsed(arguments: list[str]) -> Namespace:
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            return parser().parse_args(arguments)
    except SystemExit:
        reason = said.getvalue().strip().rpartition("error: ")[2]
        raise InputError(
            f"Expected the arguments of 'ichseg {arguments[0]}', found others: {reason}.",
            f"'ichseg {arguments[0]} --help' tells them.",
        ) from None
