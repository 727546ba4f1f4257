"""Reads requests while one is carried out, so that a request to cancel it is heard at once."""

import codecs
import os
import queue
import threading
from collections.abc import Iterable, Iterator

from .request import CANCEL, QUIT, Request, UnreadableRequest, parse_request

_PIECE = 1 << 16


class Inbox:
    """Requests in the order in which they came.

    ``cancel`` and ``quit`` take effect when they are read, and are not among them.

    Args:
        lines: read to their end by a thread of their own, which ends with the process.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._waiting: queue.SimpleQueue[Request | UnreadableRequest | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._cancelled: dict[str, bool] = {}  # of each request that is not done
        threading.Thread(target=self._read, args=(lines,), daemon=True, name="requests").start()

    def next(self, timeout_s: float) -> Request | UnreadableRequest | None:
        """The next request, or a line that is none; None after the last.

        Raises:
            queue.Empty: none came in this time (s).
        """
        return self._waiting.get(timeout=timeout_s)

    def is_cancelled(self, request: Request) -> bool:
        with self._lock:
            return self._cancelled[request.id]

    def done(self, request: Request) -> None:
        """Let the id of a request that was answered be used again."""
        with self._lock:
            del self._cancelled[request.id]

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                request = parse_request(line)
                if request.command == QUIT:
                    self._cancel_all()
                    break
                self._take(request)
            except UnreadableRequest as error:
                self._waiting.put(error)
        self._waiting.put(None)

    def _take(self, request: Request) -> None:
        if request.command == CANCEL:
            self._cancel(request.id)
            return
        with self._lock:
            if request.id in self._cancelled:
                raise UnreadableRequest(f"Expected a new id, found '{request.id}' again before its answer.")
            self._cancelled[request.id] = False
        self._waiting.put(request)

    def _cancel(self, request_id: str) -> None:
        """One that is done already is no error: its answer may be on its way."""
        with self._lock:
            if request_id in self._cancelled:
                self._cancelled[request_id] = True

    def _cancel_all(self) -> None:
        with self._lock:
            self._cancelled = dict.fromkeys(self._cancelled, True)


def lines_of(descriptor: int) -> Iterator[str]:
    """The lines that come in at a file descriptor, decoded as UTF-8.

    Reads the descriptor itself: a thread that waits in ``sys.stdin`` holds a lock that the end of the process
    needs.
    """
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    while piece := os.read(descriptor, _PIECE):
        *lines, rest = (rest + decode(piece)).split("\n")
        yield from lines
    if rest:
        yield rest
