"""One process that stays and keeps its model loaded, so that the second scan pays only for itself.

It is ``ichseg serve --local``, see docs/service.md. It ends when it is let go, when Slicer ends, as its
standard input then does, and when nothing was asked for a while.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from ICHSegmentationLib.events import Done, ProcessStarted, parse_line

from .interpreter import Interpreter
from .line_process import Command, Ending, LineProcess, MakeProcess, end_process

IDLE_MINUTES = 10
"""It holds up to 1.5 GB; after so long without work it ends by itself."""

SERVED = frozenset({"segment", "detect", "compare"})
"""The commands of runs that it knows."""

_END_MS = 2000

_log = logging.getLogger(__name__)


class Asker(Protocol):
    """Who sent a request; one of ``end`` and ``lose`` comes, once, and last."""

    def hear(self, line: str) -> None:
        """A line of the answer."""
        ...

    def end(self, ending: Ending) -> None:
        """The answer is complete."""
        ...

    def lose(self, ending: Ending) -> None:
        """The process has ended before the answer was complete."""
        ...


class WarmProcess:
    """At most one process: started with the first request, and anew when it has ended or another Python is
    chosen."""

    def __init__(self, make_process: MakeProcess) -> None:
        self._make_process = make_process
        self._serving: _Serving | None = None
        self._ids = count(1)
        self._unfit: set[str] = set()

    @property
    def pid(self) -> int:
        """Of the interpreter itself; 0 where none runs, or it has not said so yet."""
        return self._serving.pid if self._serving is not None and self._serving.running else 0

    def serves(self, interpreter: Interpreter, arguments: Sequence[str]) -> bool:
        """Whether it can carry out a command of ``ichseg``; a library that is too old cannot."""
        return arguments[0] in SERVED and interpreter.program not in self._unfit

    def ask(self, asker: Asker, interpreter: Interpreter, arguments: Sequence[str]) -> str:
        """Send a request, and give its id; where the program cannot be started, ``asker`` has lost it by
        then."""
        command = interpreter.ichseg(["serve", "--local", "--idle-minutes", str(IDLE_MINUTES)])
        if self._serving is not None and self._serving.command != command:
            self.let_go()
        if self._serving is None or not self._serving.running:
            self._serving = _Serving(command)
        serving, request = self._serving, str(next(self._ids))
        serving.answers[request] = asker
        if not serving.running:
            serving.start(self._make_process, lambda: self._unfit.add(command.program))
        serving.send({"id": request, "command": arguments[0], "arguments": list(arguments[1:])})
        return request

    def cancel(self, request: str) -> None:
        """End the work on a request, and keep the process."""
        if self._serving is not None and request in self._serving.answers:
            self._serving.send({"id": request, "command": "cancel"})

    def kill(self) -> None:
        """End the process without asking it."""
        if self._serving is not None:
            self._serving.kill()

    def let_go(self) -> None:
        """The process ends, and what is in work is cancelled; the next request starts another."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        if serving.answers:
            serving.send({"command": "quit"})
        else:  # it has nothing to put in order, and whoever lets go may be about to end
            serving.kill()
            serving.wait(_END_MS)


class _Serving:
    """One process, from its start to its end, and who waits for an answer of it."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.answers: dict[str, Asker] = {}
        self.pid = 0
        self._answered = self._killed = False
        self._process: LineProcess | None = None
        self._launcher = 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self, make_process: MakeProcess, unfit: Callable[[], None]) -> None:
        self._unfit = unfit
        self._process = LineProcess(make_process, self._hear, self._end)
        self._process.start(self.command)
        self._launcher = self._process.pid

    def send(self, request: dict[str, object]) -> None:
        if self._process is not None and self._process.running:
            self._process.write(json.dumps(request) + "\n")

    def kill(self) -> None:
        if self._process is None or not self._process.running:
            return
        self._killed = True
        if self.pid:
            end_process(self.pid, by_force=True)
        self._process.kill()

    def wait(self, milliseconds: int) -> None:
        if self._process is not None:
            self._process.wait(milliseconds)

    def _hear(self, line: str) -> None:
        event = parse_line(line)
        if isinstance(event, ProcessStarted):
            self.pid = event.pid if isinstance(event.pid, int) and event.pid > 1 else 0
            return
        request = _id_in(line)
        asker = self.answers.get(request)
        if asker is None:
            _log.debug("The worker wrote: %s", line)
            return
        self._answered = True
        if isinstance(event, Done):
            del self.answers[request]
            asker.end(Ending(event.exit_code))
        else:
            asker.hear(line)

    def _end(self, ending: Ending) -> None:
        still_started = self._killed and not self.pid
        if not self._answered and not still_started:
            self._unfit()  # an older library, or a launcher that keeps the requests to itself
        if ending.crashed and self.pid not in (0, self._launcher):
            end_process(self.pid)  # only the launcher died
        answers, self.answers = self.answers, {}
        for asker in answers.values():
            asker.lose(ending)


def _id_in(line: str) -> str:
    try:
        document = json.loads(line)
    except ValueError:
        return ""
    return str(document.get("id") or "") if isinstance(document, dict) else ""
