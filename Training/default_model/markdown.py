"""Numbers and tables for pages in Markdown."""

from collections.abc import Iterable, Sequence

from ..evaluation.intervals import Estimate


def number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if sign else ''}.{digits}f}"


def interval(estimate: Estimate, digits: int = 2, sign: bool = False) -> str:
    """``0.93 to 0.97``; a dash where there is no interval."""
    if estimate.interval is None:
        return "–"
    return " to ".join(number(end, digits, sign) for end in estimate.interval)


def with_interval(estimate: Estimate, digits: int = 2, sign: bool = False) -> str:
    """``0.95 (0.93 to 0.97)``."""
    return f"{number(estimate.value, digits, sign)} ({interval(estimate, digits, sign)})"


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"
