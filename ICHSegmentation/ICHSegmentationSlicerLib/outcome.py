"""How a run of the worker ended, as the panel shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ICHSegmentationLib.errors import CancelledError
from ICHSegmentationLib.events import Failed, Finished

from .line_process import Ending
from .messages import Meaning, cancelled, meaning_of, not_started
from .translation import tr as _

Kind = Literal["done", "cancelled", "failed"]


@dataclass(frozen=True)
class Outcome:
    """One end of one run.

    Attributes:
        kind: ``done`` when every scan has a result.
        code: for programs, as that of :class:`ICHSegmentationLib.errors.ICHError`; empty when done.
        message: what happened, for a person.
        hint: what to do about it.
        details: the last lines of the process's standard error.
        results: of the scans that have one.
    """

    kind: Kind
    code: str = ""
    message: str = ""
    hint: str = ""
    details: str = ""
    results: tuple[Finished, ...] = ()

    @property
    def advice(self) -> str:
        """The hint, and the details where they say why."""
        if not self.details or self.kind == "cancelled":
            return self.hint
        return self.hint + "\n\n" + _("Its last lines:") + "\n" + self.details


def outcome_of(
    ending: Ending, told: Sequence[Finished | Failed], scans: int, asked_to_end: bool, program: str
) -> Outcome:
    """The outcome of a run on so many scans, of which the process told a result or a failure.

    A complete set of results counts, even where the process crashed on its way out.
    """
    results = tuple(event for event in told if isinstance(event, Finished))
    failures = [event for event in told if isinstance(event, Failed)]
    if len(results) == scans:
        return Outcome("done", results=results)
    stopped = any(failure.code == CancelledError.code for failure in failures)
    if asked_to_end or stopped:
        meaning = cancelled()
    elif ending.never_started:
        meaning = not_started(program, ending.never_started)
    elif len(told) < scans or not failures:
        meaning = meaning_of(ending.exit_code, ending.crashed)
    else:
        meaning = Meaning(failures[0].code, failures[0].message, failures[0].hint)
    kind: Kind = "cancelled" if meaning.code == CancelledError.code else "failed"
    details = "\n".join(ending.last_lines)
    return Outcome(kind, meaning.code, meaning.message, meaning.hint, details, results)
