"""Carries out requests one after the other, and answers each with events that bear its id."""

import json
import queue
import time
from collections.abc import Callable
from typing import Any, TextIO

from ..cancellation import cancellable
from ..errors import CancelledError
from ..events import Done, Event, Failed, Listener, write_at_once
from .inbox import Inbox
from .memory import give_back_memory, rest
from .request import Request, UnreadableRequest

CarryOut = Callable[[Request, Listener], int]
"""Does what a request asks for, tells of it, and gives the exit code that the command line would give."""

_WINK_S = 1.0
"""On Windows nobody can interrupt a thread that waits, so it never waits longer than this at once."""

_REST_S = 20.0
"""Whoever looks at a result for this long can wait a little longer for the next one."""


def serve(inbox: Inbox, carry_out: CarryOut, out: TextIO, idle_s: float) -> int:
    """Answer requests until there are no more, or none came for ``idle_s`` seconds.

    An error of one request ends neither the others nor the process. A request that stops as cancelled though
    nobody asked for that was interrupted by a signal, which is meant for the process: it ends.

    Returns:
        The process's exit code: 0, or that of the signal.
    """
    while (request := _next(inbox, idle_s)) is not None:
        if isinstance(request, UnreadableRequest):
            _refuse(request, out)
            continue
        code = _answer(request, inbox, carry_out, out)
        interrupted = code == CancelledError.exit_code and not inbox.is_cancelled(request)
        inbox.done(request)
        _write(Done(code), request.id, out)
        if interrupted:
            return code
    return 0


def _next(inbox: Inbox, idle_s: float) -> Request | UnreadableRequest | None:
    """Wait for a request; None where there are no more, or none came for ``idle_s`` seconds."""
    started, resting = time.monotonic(), False
    while (waited := time.monotonic() - started) < idle_s:
        if waited > _REST_S and not resting:
            rest()
            resting = True
        try:
            return inbox.next(min(idle_s - waited, _WINK_S))
        except queue.Empty:
            continue
    return None


def _answer(request: Request, inbox: Inbox, carry_out: CarryOut, out: TextIO) -> int:
    with cancellable(lambda: inbox.is_cancelled(request)):
        code = carry_out(request, lambda event: _write(event, request.id, out))
    give_back_memory()
    return code


def _refuse(error: UnreadableRequest, out: TextIO) -> None:
    _write(Failed("", error.code, error.message, error.hint), error.id, out)
    _write(Done(error.exit_code), error.id, out)


def _write(event: Event, request_id: str | None, out: TextIO) -> None:
    document: dict[str, Any] = {**event.to_dict(), "id": request_id}
    write_at_once(json.dumps(document, allow_nan=False) + "\n", out)
