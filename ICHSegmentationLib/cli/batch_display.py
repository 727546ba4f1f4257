"""What a person sees while a batch runs: how far it is, how fast, what failed, and where the results are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .. import events
from ..events import BatchProgress, Listener
from .terminal import Terminal


@contextmanager
def batch_display(out_dir: Path) -> Iterator[Listener]:
    """A listener with a bar on a terminal, and a line a case where stdout is a file or a pipe."""
    out, problems = Terminal(), Terminal(stderr=True)
    bar = Progress(
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    last: BatchProgress | None = None
    with bar:
        task = bar.add_task("starting", total=None)

        def listen(event: events.Event) -> None:
            nonlocal last
            match event:
                case events.BatchProgress():
                    last = event
                    ended = event.done + event.failed
                    bar.update(
                        task, total=ended + event.left, completed=ended, description=escape(_pace(event))
                    )
                case events.Failed():
                    problems.print(f"[red]Failed:[/] {escape(f'{event.case}: {event.message}')}")
                case events.Finished():
                    out.print(f"{escape(event.case)}: {event.measurements['total_volume_ml']:.2f} mL")
                case events.Planned():
                    reason = f" ({event.reason})" if event.reason else ""
                    out.print(escape(f"{event.case}: {event.action}{reason}"))

        yield listen
    if last:
        told = [f"{last.done} done", f"{last.failed} failed", f"{last.left} left"]
        out.print(f"{', '.join(told)}: {escape(str(out_dir / 'index.html'))}")


def _pace(progress: BatchProgress) -> str:
    """``12.3 cases/min, 0:04:10 left, 2 failed``"""
    told = []
    if progress.cases_per_minute is not None and progress.remaining_s is not None:
        left = timedelta(seconds=round(progress.remaining_s))
        told = [f"{progress.cases_per_minute:.1f} cases/min", f"{left} left"]
    if progress.failed:
        told.append(f"{progress.failed} failed")
    return ", ".join(told)
