"""One command of ``ichseg``: carried out by the warm process, or by a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .interpreter import Interpreter
from .line_process import Ending, LineProcess, MakeProcess, end_process
from .warm_process import WarmProcess


class RunProcess:
    """Runs once. Both callbacks are as those of :class:`.line_process.LineProcess`.

    Where the warm process cannot be had, or ends before it has begun with the command, the command gets a
    process of its own.

    Args:
        warm: None for a process of its own in any case.
    """

    def __init__(
        self,
        make_process: MakeProcess,
        interpreter: Interpreter,
        warm: WarmProcess | None,
        on_line: Callable[[str], None],
        on_end: Callable[[Ending], None],
    ) -> None:
        self._interpreter, self._warm = interpreter, warm
        self._on_line, self._on_end = on_line, on_end
        self._own = LineProcess(make_process, on_line, on_end)
        self._request, self._launcher = "", 0
        self._waits = self._heard = self._cancelled = False

    @property
    def running(self) -> bool:
        return self._waits or self._own.running

    @property
    def launcher(self) -> int:
        """Process id of what was started for this command alone; 0 where nothing was."""
        return self._launcher

    def start(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        if self._warm is not None and self._warm.serves(self._interpreter, arguments):
            self._waits = True
            self._request = self._warm.ask(self, self._interpreter, arguments)
        else:
            self._start_own()

    def ask_to_end(self, pid: int) -> None:
        """End the work, but leave time to put things in order.

        Args:
            pid: of the interpreter, where it has said so; a launcher would not pass it on.
        """
        self._cancelled = True
        if self._warm is not None and self._waits:
            self._warm.cancel(self._request)
        elif pid:
            end_process(pid)
        else:  # it has not said a word: whatever it says next finds nobody to hear it, and ends it
            self._own.kill()

    def end_by_force(self, pid: int) -> None:
        """End the work now, and with it the process."""
        if self._warm is not None and self._waits:
            self._warm.kill()
            return
        if pid:
            end_process(pid, by_force=True)
        self._own.kill()

    def hear(self, line: str) -> None:
        self._heard = True
        self._on_line(line)

    def end(self, ending: Ending) -> None:
        self._waits = False
        self._on_end(ending)

    def lose(self, ending: Ending) -> None:
        self._waits = False
        if self._heard or self._cancelled:
            self._on_end(ending)
        else:
            self._start_own()

    def _start_own(self) -> None:
        self._own.start(self._interpreter.ichseg(self._arguments))
        self._launcher = self._own.pid
