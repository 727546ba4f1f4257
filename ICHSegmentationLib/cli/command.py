"""How a command is carried out. Nothing heavy is imported before it needs it: ``--help`` is quick."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import CancelledError, ICHError
from ..events import ProcessStarted, json_lines
from .failures import attempt, cancelled_by_signals, tell
from .parser import parser
from .say import silence


def carry_out(arguments: Sequence[str] | None) -> int:
    """What :func:`.main` does, once it can be ended."""
    speak_utf8()
    options = parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        force=True,
    )
    try:
        if getattr(options, "events", None) == "jsonl":
            # Before anything is loaded, so that whoever listens can end this process from its first moment.
            json_lines(sys.stdout)(ProcessStarted(os.getpid()))
        with cancelled_by_signals():
            outcome = attempt(lambda: import_module(f".{options.command}", __package__).run(options))
    except BrokenPipeError:
        return reader_gone()
    if isinstance(outcome, ICHError):
        tell(outcome)
        return outcome.exit_code
    return outcome


def reader_gone() -> int:
    """The exit code when whoever our output was for has gone; Python will not try to flush what is left."""
    silence(sys.stdout)
    return CancelledError.exit_code


def speak_utf8() -> None:
    """Write UTF-8 wherever we write: a Windows pipe would else get the code page of the country."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
