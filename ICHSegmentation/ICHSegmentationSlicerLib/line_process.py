"""Another process, heard line by line; the only file that speaks to QProcess.

It keeps to what PythonQt's and PySide6's QProcess have in common: methods, signals connected to methods
without arguments, and the enumeration values of the class.
"""

from __future__ import annotations

import codecs
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAST_LINES = 20

_LINE_END = re.compile(r"\r?\n|\r(?!\n|\Z)")
"""A progress bar writes each of its states over the last and ends no line: each counts as one."""

MakeProcess = Callable[[], Any]
"""Makes a new ``QProcess``."""

_running: set[LineProcess] = set()
"""A QProcess whose last reference goes ends its process: keep each until it has ended by itself."""


@dataclass(frozen=True)
class Command:
    """What to start, where, and with which environment."""

    program: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        exit_code: of the process; where it crashed, the number of the signal (Unix) or the status (Windows).
        crashed: ended by the system or by another process, and not by itself.
        never_started: why it could not be started; empty when it was.
        last_lines: of its standard error.
    """

    exit_code: int
    crashed: bool = False
    never_started: str = ""
    last_lines: tuple[str, ...] = ()


class LineProcess:
    """Starts once. Both callbacks come on the thread that started it; ``on_end`` comes once, and last.

    Where the program is not there, ``on_end`` may come before :meth:`start` returns.
    """

    def __init__(
        self, make_process: MakeProcess, on_line: Callable[[str], None], on_end: Callable[[Ending], None]
    ) -> None:
        self._process = make_process()
        self._on_line, self._on_end = on_line, on_end
        self._out = _Lines(on_line)
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._err = _Lines(self._last_lines.append)
        self._has_started = False

    def start(self, command: Command) -> None:
        process = self._process
        process.started.connect(self._remember_start)
        process.readyReadStandardOutput.connect(self._read_out)
        process.readyReadStandardError.connect(self._read_err)
        process.errorOccurred.connect(self._see_whether_it_started)
        process.finished.connect(self._finish)
        process.setProgram(command.program)
        process.setArguments(list(command.arguments))
        process.setEnvironment([f"{name}={value}" for name, value in command.environment.items()])
        process.setWorkingDirectory(str(command.folder))
        _running.add(self)
        process.start()

    @property
    def running(self) -> bool:
        return self in _running

    @property
    def pid(self) -> int:
        """Of what was started, which may be a launcher; 0 when it does not run."""
        return int(self._process.processId()) if self.running else 0

    def write(self, text: str) -> None:
        """Onto its standard input; also while it still starts."""
        if self.running:
            self._process.write(text.encode("utf-8"))

    def wait(self, milliseconds: int) -> None:
        """Until it has ended, but no longer than this."""
        if self.running:
            self._process.waitForFinished(milliseconds)

    def kill(self) -> None:
        """End what was started, without asking it."""
        if self.running:
            self._process.kill()

    def _remember_start(self) -> None:
        self._has_started = True

    def _read_out(self) -> None:
        self._out.add(bytes(self._process.readAllStandardOutput().data()))

    def _read_err(self) -> None:
        self._err.add(bytes(self._process.readAllStandardError().data()))

    def _see_whether_it_started(self) -> None:
        if not self._has_started:  # QProcess sends no ``finished`` then
            self._end(Ending(-1, never_started=str(self._process.errorString())))

    def _finish(self) -> None:
        try:
            self._read_out()
            self._read_err()
            self._out.flush()
            self._err.flush()
        finally:  # also where a listener to a line failed
            crashed = self._process.exitStatus() == type(self._process).CrashExit
            self._end(Ending(int(self._process.exitCode()), crashed, last_lines=tuple(self._last_lines)))

    def _end(self, ending: Ending) -> None:
        if self.running:
            _running.discard(self)
            self._process.deleteLater()
            self._on_end(ending)


def end_process(pid: int, by_force: bool = False) -> None:
    """Ask a process to end, or end it; Windows knows only the latter. One that is gone is no error."""
    how = getattr(signal, "SIGKILL", signal.SIGTERM) if by_force else signal.SIGTERM
    with suppress(OSError):
        os.kill(pid, how)


class _Lines:
    """Puts lines together out of pieces that end anywhere, in the middle of a letter too."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def add(self, piece: bytes) -> None:
        *lines, self._rest = _LINE_END.split(self._rest + self._decode(piece))
        for line in lines:
            self._on_line(line)

    def flush(self) -> None:
        if self._rest:
            self.add(b"\n")
