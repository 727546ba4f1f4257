"""How long a run will still take, from how far it has come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from .translation import tr as _

_FIRST_FRACTION, _FIRST_SECONDS = 0.08, 1.0
"""Before this, an estimate would be a guess."""
_WEIGHT = 0.3
"""Of the newest estimate against the ones before it."""


class RemainingTime:
    """Fed with fractions of the whole run; between them the estimate counts down with the clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._end: float | None = None
        self._fraction = 0.0

    def progress(self, fraction: float) -> None:
        """So much of the run is done, 0 to 1; going back is passed over."""
        if fraction <= self._fraction:
            return
        self._fraction = min(fraction, 1.0)
        elapsed = self._clock() - self._began
        if self._fraction < _FIRST_FRACTION or elapsed < _FIRST_SECONDS:
            return
        end = self._began + elapsed / self._fraction
        self._end = end if self._end is None else self._end + _WEIGHT * (end - self._end)

    @property
    def seconds(self) -> float | None:
        """None while nothing can be said yet."""
        return None if self._end is None else max(0.0, self._end - self._clock())


def remaining_text(seconds: float | None) -> str:
    """As a person would say it; empty while nothing can be said yet."""
    if seconds is None:
        return ""
    if seconds < 5:
        return _("a few seconds left")
    if seconds < 55:
        return _("about {seconds} s left").format(seconds=5 * math.ceil(seconds / 5))
    return _("about {minutes} min left").format(minutes=max(1, round(seconds / 60)))
