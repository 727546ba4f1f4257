"""A short command of the library in another process, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .interpreter import Interpreter
from .line_process import Ending, LineProcess, MakeProcess
from .messages import Meaning, meaning_of, not_started


@dataclass(frozen=True)
class Written:
    """What a command wrote; ``trouble`` says in a sentence what is wrong where it did not end well."""

    text: str
    trouble: Meaning | None
    last_lines: tuple[str, ...]


def run_text(
    make_process: MakeProcess,
    interpreter: Interpreter,
    arguments: Sequence[str],
    done: Callable[[Written], None],
) -> LineProcess:
    """The process of ``ichseg`` with these arguments; ``done`` hears of its end on the same thread."""
    lines: list[str] = []

    def end(ending: Ending) -> None:
        if ending.never_started:
            trouble: Meaning | None = not_started(interpreter.program, ending.never_started)
        else:
            well = ending.exit_code == 0 and not ending.crashed
            trouble = None if well else meaning_of(ending.exit_code, ending.crashed)
        done(Written("\n".join(lines), trouble, ending.last_lines))

    process = LineProcess(make_process, lines.append, end)
    process.start(interpreter.ichseg(arguments))
    return process
