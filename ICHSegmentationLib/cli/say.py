"""What a command tells a person. Where nobody reads it any more, its work and its exit code stay the same."""

import os
import sys
from typing import IO

from ..events import write_at_once


def say(text: str, stream: IO[str] | None = None) -> None:
    """Write ``text`` to stdout, or to ``stream``, at once: Python would fail later over what waits there."""
    stream = stream or sys.stdout
    try:
        write_at_once(text, stream)
    except BrokenPipeError:
        silence(stream)


def silence(stream: IO[str]) -> None:
    """Send nowhere what ``stream`` still holds and what is written to it from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
