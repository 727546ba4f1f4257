"""What happened on the way of one case: stages with their times, and warnings, told as they come."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..cancellation import checkpoint
from ..events import Listener, Progress, Warned


@dataclass
class Journal:
    """Tells ``listen`` of stages and warnings, and remembers them for the result."""

    case: str
    listen: Listener
    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, fraction: float) -> Iterator[None]:
        """A stage that begins when ``fraction`` of the case is done."""
        self.progress(name, fraction)
        started = time.perf_counter()
        yield
        self.timings_s[name] = round(time.perf_counter() - started, 4)

    def progress(self, stage: str, fraction: float) -> None:
        """Tell how far the case has come; unless it is done, it can be cancelled here."""
        if fraction < 1:
            checkpoint()
        self.listen(Progress(self.case, stage, round(fraction, 4)))

    def warn(self, messages: Iterable[str]) -> None:
        """Tell each warning once."""
        for message in messages:
            if message not in self.warnings:
                self.warnings.append(message)
                self.listen(Warned(self.case, message))
