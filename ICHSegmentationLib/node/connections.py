"""TCP connections that cannot hold the node up: only from listed addresses, only so many, so large, so slow.

pynetdicom limits how many associations there are and how long they may be idle between packets; a packet that
never ends, or an object made of endless packets, it would read for ever. PS3.8, 9.3 defines packets (PDU).
"""

import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

from .peers import Accepted
from .settings import Limits

_log = logging.getLogger(__name__)

_PDU_HEADER = struct.Struct(">BBL")


class _Guarded(socket.socket):
    """A connection that ends itself when its peer sends too much or too slowly.

    What the peer sends between two answers of ours is one object: PS3.7 lets it have one request open at a
    time, and :class:`.receiver.Receiver` grants no more.
    """

    def guard(self, limits: Limits) -> None:
        """Begin; nothing may have been received before."""
        self._limits = limits
        self._header = b""
        self._left_of_pdu = 0
        self._answered()
        self.settimeout(limits.idle_s)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """What :meth:`socket.socket.recv` gives.

        Raises:
            ConnectionAbortedError: the peer exceeds a limit.
            TimeoutError: it sends nothing for too long.
        """
        content = super().recv(size, flags)
        now = time.monotonic()
        if not self._received:
            self._began = now
        self._received += len(content)
        if self._received > self._limits.object_bytes:
            self._give_up(f"an object of more than {self._limits.object_bytes} bytes")
        if now - self._began > self._limits.object_s:
            self._give_up(f"an object that takes more than {self._limits.object_s:g} s")
        self._follow(content)
        return content

    def send(self, data: Any, flags: int = 0) -> int:
        self._answered()
        return super().send(data, flags)

    def _answered(self) -> None:
        self._received, self._began = 0, time.monotonic()

    def _follow(self, content: bytes) -> None:
        """Read along where packets begin and how long they say they are."""
        while content:
            taken = content[: self._left_of_pdu]
            self._left_of_pdu -= len(taken)
            content = content[len(taken) :]
            missing = _PDU_HEADER.size - len(self._header)
            if not content:
                return
            self._header += content[:missing]
            content = content[missing:]
            if len(self._header) == _PDU_HEADER.size:
                _, _, self._left_of_pdu = _PDU_HEADER.unpack(self._header)
                self._header = b""
                if self._left_of_pdu > self._limits.pdu_bytes:
                    self._give_up(f"a packet of {self._left_of_pdu} bytes")

    def _give_up(self, found: str) -> None:
        _log.warning("A connection was ended: its peer sends %s.", found)
        self.close()
        raise ConnectionAbortedError(found)


class GuardedSocket(_Guarded):
    """One that is not encrypted."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        super().__init__(connection.family, connection.type, connection.proto, fileno=connection.detach())
        self.guard(limits)


class GuardedTlsSocket(_Guarded, ssl.SSLSocket):  # type: ignore[misc]  # an argument's name differs
    """One that is; made by a context, which greets the peer before anything else is received."""


class GuardedServer(ThreadedAssociationServer):
    """Takes connections from listed addresses, twice as many as associations; others are closed at once."""

    accepted: Accepted
    limits: Limits
    encryption: ssl.SSLContext | None = None
    _greeting = 0
    _lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection, not greeted yet: that would keep others waiting."""
        connection, address = super().get_request()
        if self.encryption is None:
            return GuardedSocket(connection, self.limits), address
        connection.settimeout(self.limits.idle_s)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own."""
        if self.encryption is not None:
            request = self._greeted(request, client_address)
        if request is not None:
            super().finish_request(request, client_address)

    def _greeted(self, connection: socket.socket, address: Any) -> ssl.SSLSocket | None:
        """The encrypted connection; None, and the other one closed, where the peer has no certificate."""
        assert self.encryption is not None
        try:
            with self._counted():
                greeted = self.encryption.wrap_socket(connection, server_side=True)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            _log.warning("A connection from %s was refused: no TLS with it (%s).", address[0], error)
            connection.close()
            return None
        assert isinstance(greeted, GuardedTlsSocket)
        greeted.guard(self.limits)
        return greeted

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Let only so many peers be greeted at a time."""
        with self._lock:
            if self._greeting >= 2 * self.limits.associations:
                raise ConnectionRefusedError("too many others are being greeted")
            self._greeting += 1
        try:
            yield
        finally:
            with self._lock:
                self._greeting -= 1

    def verify_request(self, request: Any, client_address: Any) -> bool:
        address = str(client_address[0])
        if not self.accepted.address(address):
            _log.warning("A connection from %s was refused: no listed peer is there.", address)
            return False
        if len(self.active_associations) >= 2 * self.limits.associations:
            _log.warning("A connection from %s was refused: too many are open.", address)
            return False
        return True

    def end(self) -> None:
        """Stop listening and end every association."""
        BaseServer.shutdown(self)
        self.server_close()
        for association in self.active_associations:
            association.abort()
