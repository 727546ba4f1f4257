"""A process that keeps its model loaded and carries out one request after the other: docs/service.md."""

from .inbox import Inbox, lines_of
from .request import Request
from .serving import serve

__all__ = ["Inbox", "Request", "lines_of", "serve"]
