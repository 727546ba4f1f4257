"""What a person sees while cases run: a progress bar, warnings, and a table of what was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from .. import events
from ..events import Listener
from .detection_display import show_detection
from .terminal import Terminal


@contextmanager
def display() -> Iterator[Listener]:
    """A listener that draws on a terminal, and writes plain lines where stdout is a file or a pipe."""
    out, problems = Terminal(), Terminal(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=1.0)

        def listen(event: events.Event) -> None:
            match event:
                case events.Started():
                    bar.reset(task, description=escape(event.case))
                case events.Progress():
                    bar.update(
                        task, completed=event.fraction, description=escape(f"{event.case}: {event.stage}")
                    )
                case events.Warned():
                    problems.print(f"[yellow]{escape(f'{event.case}: {event.message}')}[/]")
                case events.Failed():
                    problems.print(f"[red]Error:[/] {escape(f'{event.case}: {event.message}')}")
                    if event.hint:
                        problems.print(f"  {escape(event.hint)}")
                case events.Finished():
                    _show(event, out)

        yield listen


def _show(result: events.Finished, out: Console) -> None:
    measured = result.measurements
    if "growth_ml" in measured:
        _show_growth(result, out)
        return
    if "ranked_slices" in measured:
        show_detection(result, out)
        return
    lesions = measured["lesions"]
    found = f"{measured['total_volume_ml']:.2f} mL in {len(lesions)} lesion{'s' if len(lesions) != 1 else ''}"
    out.print(f"[bold]{escape(result.case)}[/]: {found if lesions else 'no hemorrhage segmented, 0 mL'}")
    if lesions:
        out.print(_table(lesions))
    if detection := measured.get("detection"):
        out.print(f"  detector: {escape(detection['sentence'])}")
    for reason in (measured.get("uncertainty") or {}).get("reasons", ()):
        out.print(f"  [yellow]second look:[/] {escape(reason)}")
    out.print(f"  {escape(result.paths['report'])}")


def _show_growth(result: events.Finished, out: Console) -> None:
    sentences = [s for s in result.measurements["sentences"] if s not in result.measurements["warnings"]]
    out.print(f"[bold]{escape(result.case)}[/]: {escape(sentences[0])}")
    for sentence in sentences[1:]:
        out.print(f"  {escape(sentence)}")
    out.print(f"  {escape(result.paths['picture'])}")


def _table(lesions: list[dict[str, Any]]) -> Table:
    table = Table()
    for heading in ("#", "label", "voxels, mL", "Tada, mL", "ABC/2, mL", "A x B x C, mm"):
        table.add_column(heading, justify="left" if heading == "label" else "right")
    for lesion in lesions:
        tada = lesion["tada"]
        if tada["applicable"]:
            axes = " x ".join(f"{tada[axis]:.0f}" for axis in ("a_mm", "b_mm", "c_mm"))
            estimate = [f"{tada['volume_ml']:.2f}", f"{tada['abc2_ml']:.2f}", axes]
        else:
            estimate = ["-", "-", "-"]
        table.add_row(str(lesion["id"]), lesion["label"], f"{lesion['volume_ml']:.2f}", *estimate)
    return table
