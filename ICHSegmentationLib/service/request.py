"""What can be asked of the worker: one JSON object a line."""

import json
import os
from dataclasses import dataclass
from typing import Any

from ..errors import InputError

CANCEL, QUIT = "cancel", "quit"


class UnreadableRequest(InputError):
    """A line that is no request; ``id`` is that of the one that was meant, where the line tells."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(message, "docs/service.md describes what a line may hold.")
        self.id = request_id


@dataclass(frozen=True)
class Request:
    """One line.

    Attributes:
        id: named in every event of the answer. ``cancel`` names the request to end; ``quit`` needs none.
        command: ``cancel``, ``quit``, or a command of ``ichseg``.
        arguments: what would follow the command on the command line.
    """

    id: str
    command: str
    arguments: tuple[str, ...] = ()


def parse_request(line: str) -> Request:
    """The request in a line.

    Raises:
        UnreadableRequest: it holds something else.
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableRequest(
            f"Expected a JSON object on one line, found something else: {error}."
        ) from error
    if not isinstance(document, dict):
        raise UnreadableRequest(f"Expected a JSON object, found {type(document).__name__}.")
    found = document.get("id")
    request_id = found if isinstance(found, str) and found else None
    command, arguments = document.get("command"), document.get("arguments", [])
    unknown = document.keys() - {"id", "command", "arguments"}
    if unknown:
        raise UnreadableRequest(
            f"Expected id, command and arguments, found {', '.join(sorted(unknown))}.", request_id
        )
    if request_id is None and command != QUIT:
        raise UnreadableRequest(f"Expected a text as 'id', found {found!r}.")
    if not isinstance(command, str):
        raise UnreadableRequest(f"Expected a text as 'command', found {command!r}.", request_id)
    return Request(request_id or "", command, _texts(arguments, request_id))


def _texts(arguments: Any, request_id: str | None) -> tuple[str, ...]:
    if not isinstance(arguments, list) or not all(isinstance(word, str) for word in arguments):
        raise UnreadableRequest(f"Expected a list of texts as 'arguments', found {arguments!r}.", request_id)
    for number, word in enumerate(arguments, start=1):
        if not _can_be_passed(word):
            raise UnreadableRequest(
                f"Expected 'arguments' that a command line can hold, found {word!a} as word {number}.",
                request_id,
            )
    return tuple(arguments)


def _can_be_passed(word: str) -> bool:
    """Whether a command line can hold it; the escapes of JSON make zeros and halves of characters."""
    try:
        return b"\0" not in os.fsencode(word)
    except UnicodeEncodeError:
        return False
