"""What a run tells while it works: one small object at a time, for a progress bar or another process."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import IO, Any, ClassVar, TextIO


@dataclass(frozen=True)
class Event:
    """One message of a run. ``kind`` is the word that stands in the JSON line's ``event``."""

    kind: ClassVar[str] = ""

    def to_dict(self) -> dict[str, Any]:
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class ProcessStarted(Event):
    """The first event of a process: ``pid`` is that of the interpreter itself, whatever launched it."""

    kind: ClassVar[str] = "process"
    pid: int


@dataclass(frozen=True)
class Started(Event):
    kind: ClassVar[str] = "started"
    case: str
    input: str


@dataclass(frozen=True)
class Progress(Event):
    """How far a case has come: ``fraction`` runs from 0 to 1 over the whole case."""

    kind: ClassVar[str] = "progress"
    case: str
    stage: str
    fraction: float


@dataclass(frozen=True)
class Warned(Event):
    kind: ClassVar[str] = "warning"
    case: str
    message: str


@dataclass(frozen=True)
class Finished(Event):
    """``paths`` name the files written; ``measurements`` is the content of ``measurements.json``."""

    kind: ClassVar[str] = "result"
    case: str
    paths: dict[str, str] = field(default_factory=dict)
    measurements: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed(Event):
    kind: ClassVar[str] = "failed"
    case: str
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Done(Event):
    """The last event of a request to ``ichseg serve --local``; a command of its own ends with its process."""

    kind: ClassVar[str] = "done"
    exit_code: int


@dataclass(frozen=True)
class BatchProgress(Event):
    """How far a batch has come.

    Attributes:
        done, failed, left: cases; they add up to all cases of the batch.
        cases_per_minute, remaining_s: None until a case of this run has ended.
    """

    kind: ClassVar[str] = "batch"
    done: int
    failed: int
    left: int
    cases_per_minute: float | None = None
    remaining_s: float | None = None


@dataclass(frozen=True)
class Planned(Event):
    """What a batch would do with a case, or with images that it leaves out; told by a dry run only."""

    kind: ClassVar[str] = "planned"
    case: str
    action: str
    reason: str = ""


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a caller who does not want to hear."""


def json_lines(stream: TextIO) -> Listener:
    """A listener that writes each event to ``stream`` as one JSON object a line, flushed at once."""

    def write(event: Event) -> None:
        write_at_once(json.dumps(event.to_dict(), allow_nan=False) + "\n", stream)

    return write


def write_at_once(text: str, stream: IO[str]) -> None:
    """Write ``text`` and flush it.

    Raises:
        BrokenPipeError: whoever read ``stream`` has gone; Windows speaks of an invalid argument.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error


_KINDS = {
    cls.kind: cls
    for cls in (ProcessStarted, Started, Progress, Warned, Finished, Failed, Done, BatchProgress, Planned)
}


def parse_line(line: str) -> Event | None:
    """The event that a line of :func:`json_lines` holds; None where it holds none.

    Kinds and keys that this version does not know are passed over, so that a newer process can be heard.
    """
    try:
        document = json.loads(line)
    except ValueError:
        return None
    kind = document.get("event") if isinstance(document, dict) else None
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        return None
    known = {field.name for field in fields(cls)}
    try:
        return cls(**{key: value for key, value in document.items() if key in known})
    except TypeError:  # a key is missing
        return None
