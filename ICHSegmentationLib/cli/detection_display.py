"""What a person sees of a detection."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .. import events
from ..labels import HEMORRHAGE, label_named

MOST = 5
"""Slices in the table, the likeliest first."""


def show_detection(result: events.Finished, out: Console) -> None:
    """The sentence, and the likeliest slices."""
    found = result.measurements
    out.print(f"[bold]{escape(result.case)}[/]: {escape(found['sentence'])}")
    out.print(_table(found))
    out.print(f"  {escape(result.paths['report'])}")


def _table(found: dict[str, Any]) -> Table:
    """A row for the scan, then one for each of the likeliest slices, counted from 1; ``*`` marks."""
    table = Table()
    table.add_column("slice", justify="right")
    for label in found["scan"]:
        name = "any" if label == HEMORRHAGE.id else label_named(label).abbreviation
        table.add_column(f"{name}, %", justify="right")
    likely = found["likely_classes"]
    table.add_row("scan", *(_cell(p, label in likely) for label, p in found["scan"].items()))
    for index in found["ranked_slices"][:MOST]:
        marked = found["marked_slices"]
        cells = (_cell(found["slices"][c][index], index in marked[c]) for c in found["scan"])
        table.add_row(str(index + 1), *cells)
    return table


def _cell(probability: float, marked: bool) -> str:
    return f"{100 * probability:.1f}{' *' if marked else '  '}"
