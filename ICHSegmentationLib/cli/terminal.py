"""The consoles that commands draw on."""

import sys
from typing import IO, Any, cast

from rich.console import Console

from ..events import write_at_once
from .say import silence


class Terminal(Console):
    """Writes for a person, and goes quiet once whoever read it has gone: rich would end the process."""

    def __init__(self, stderr: bool = False) -> None:
        file = cast(IO[str], _AtOnce(sys.stderr if stderr else sys.stdout))
        super().__init__(file=file, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        silence(self.file)


class _AtOnce:
    """A stream that knows a broken pipe on every system."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        write_at_once(text, self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
