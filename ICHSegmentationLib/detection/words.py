"""A detection in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..labels import HEMORRHAGE, label_named
from ..wording import in_percent

if TYPE_CHECKING:
    from .result import Detection


def sentence(detection: "Detection") -> str:
    """Whether hemorrhage is likely, on which slices, and of which subtypes, the likeliest first."""
    any_percent = in_percent(detection.probability(HEMORRHAGE.id))
    subtypes = _likely_subtypes(detection)
    named = ", ".join(
        f"{short(label)} ({in_percent(detection.probability(label))}){_on(detection, label)}"
        for label in subtypes
    )
    if detection.is_likely():
        place = _on(detection, HEMORRHAGE.id)
        return (
            f"Hemorrhage likely ({any_percent}){place}{f': {named}' if named else ', of no clear subtype'}."
        )
    return f"No hemorrhage likely ({any_percent}); the likeliest slice is {detection.ranked(1)[0] + 1}."


def slice_numbers(indices: Sequence[int]) -> str:
    """Slices counted from 0 as people write them, from 1: ``12–15, 18``."""
    return ", ".join(
        str(run[0] + 1) if len(run) == 1 else f"{run[0] + 1}–{run[-1] + 1}" for run in runs(indices)
    )


def on_slices(indices: Sequence[int]) -> str:
    return f"on slice{'' if len(indices) == 1 else 's'} {slice_numbers(indices)}"


def runs(indices: Sequence[int]) -> list[list[int]]:
    """Rising numbers in groups of neighbours."""
    groups: list[list[int]] = []
    for index in indices:
        if groups and index == groups[-1][-1] + 1:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def short(label: str) -> str:
    """``subdural`` of "Subdural hemorrhage"."""
    return label_named(label).name.removesuffix(" hemorrhage").lower()


def _likely_subtypes(detection: "Detection") -> list[str]:
    likely = [c for c in detection.classes if c != HEMORRHAGE.id and detection.is_likely(c)]
    return sorted(likely, key=lambda label: -detection.probability(label))


def _on(detection: "Detection", label: str) -> str:
    marked = detection.marked(label)
    return f" {on_slices(marked)}" if marked else ""
