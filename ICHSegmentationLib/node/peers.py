"""Whom the node speaks with: application entity titles with their addresses."""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError

_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
_MAPPED = "::ffff:"  # an IPv4 address as a socket for both kinds tells it


@dataclass(frozen=True)
class Peer:
    """A DICOM application entity.

    Attributes:
        title: its AE title, 1 to 16 characters (PS3.5, 6.2).
        host: its name or address.
        port: where it listens; None where it only calls.
    """

    title: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.title}@{self.host}" + (f":{self.port}" if self.port else "")


def parse_peer(text: str) -> Peer:
    """The peer in ``AET@HOST``; an IPv6 address stands in brackets.

    Raises:
        InputError: the text is something else.
    """
    title, at, host = text.rpartition("@")
    if not at or not host or (":" in host and not host.startswith("[")):
        raise InputError(f"Expected a peer AET@HOST, found '{text}'.", "Example: PACS@192.0.2.5.")
    return Peer(require_title(title), host.strip("[]"))


def parse_destination(text: str) -> Peer:
    """The peer in ``AET@HOST:PORT``.

    Raises:
        InputError: the text is something else.
    """
    start, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(
            f"Expected a destination AET@HOST:PORT, found '{text}'.", "Example: PACS@192.0.2.5:104."
        )
    peer = parse_peer(start)
    return Peer(peer.title, peer.host, int(port))


def require_title(title: str) -> str:
    """The AE title itself.

    Raises:
        InputError: it is none.
    """
    if not _TITLE.fullmatch(title):
        raise InputError(
            f"Expected an AE title of 1 to 16 letters, digits and signs, found '{title}'.",
            "The administrator of the PACS knows the titles that are in use.",
        )
    return title


class Accepted:
    """The peers that may call: by address before anything is read, by title and address once it is told.

    Raises:
        InputError: a host has no address.
    """

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._pairs = {(peer.title, address) for peer in peers for address in addresses(peer.host)}
        self._addresses = {address for _, address in self._pairs}

    def address(self, address: str) -> bool:
        return address.removeprefix(_MAPPED) in self._addresses

    def caller(self, title: str, address: str) -> bool:
        return (title, address.removeprefix(_MAPPED)) in self._pairs


def addresses(host: str) -> set[str]:
    """All addresses of a host.

    Raises:
        InputError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise InputError(
            f"Expected the name or address of a host, found '{host}', which has no address ({error}).",
            "Check its spelling, or give its IP address.",
        ) from error
    return {str(entry[4][0]) for entry in found}
