"""What a run tells while it works: one small object at a time, for a progress bar or another process."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TextIO


@dataclass(frozen=True)
class Event:
    """One message of a run. ``kind`` is the word that stands in the JSON line's ``event``."""

    kind: ClassVar[str] = ""

    def to_dict(self) -> dict[str, Any]:
        return {"event": self.kind, **asdict(self)}


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


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a caller who does not want to hear."""


def json_lines(stream: TextIO) -> Listener:
    """A listener that writes each event to ``stream`` as one JSON object a line, flushed at once."""

    def write(event: Event) -> None:
        stream.write(json.dumps(event.to_dict(), allow_nan=False) + "\n")
        stream.flush()

    return write
