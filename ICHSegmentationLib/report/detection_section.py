"""A detection put into words and bars for a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..detection.words import runs, slice_numbers
from ..labels import HEMORRHAGE, Label, label_named


def likeliest_of_runs(
    slices: Iterable[int], probabilities: Mapping[int, float] | Sequence[float]
) -> list[int]:
    """Of neighbouring slices the likeliest one; from the first to the last."""
    return [max(run, key=lambda index: probabilities[index]) for run in runs(sorted(slices))]


@dataclass(frozen=True)
class ClassRow:
    """One class: its probability for the scan, from which one it is likely, and on which slices."""

    label: Label
    name: str
    probability: float
    threshold: float
    likely: bool
    slices: str


@dataclass(frozen=True)
class SliceBar:
    """One slice of the strip: its number from 1, the probability of any hemorrhage, whether it is marked and
    whether something is outlined on it."""

    number: int
    probability: float
    marked: bool
    outlined: bool


@dataclass(frozen=True)
class DetectionSection:
    """What a page shows of a detection.

    Attributes:
        sentence: the finding.
        likely: whether any class is.
        rows: of the classes.
        strip: of all slices, in the file's order.
        threshold: from which a slice is marked.
        model: name and version of the detector.
    """

    sentence: str
    likely: bool
    rows: list[ClassRow]
    strip: list[SliceBar]
    threshold: float
    model: str

    @classmethod
    def of(cls, detection: Mapping[str, Any], outlined: frozenset[int] = frozenset()) -> "DetectionSection":
        """From what ``measurements.json`` holds under ``detection``.

        Args:
            outlined: slices with an outline, counted from 0 in the file's order.
        """
        scan, limits, marked = detection["scan"], detection["scan_thresholds"], detection["marked_slices"]
        rows = [
            ClassRow(
                label_named(label),
                "Any hemorrhage" if label == HEMORRHAGE.id else label_named(label).name,
                probability,
                limits[label],
                label in detection["likely_classes"],
                slice_numbers(marked[label]) or "–",
            )
            for label, probability in scan.items()
        ]
        on_any = set(marked[HEMORRHAGE.id])
        strip = [
            SliceBar(n + 1, p, n in on_any, n in outlined)
            for n, p in enumerate(detection["slices"][HEMORRHAGE.id])
        ]
        model = detection["model"]
        return cls(
            detection["sentence"],
            any(row.likely for row in rows),
            rows,
            strip,
            detection["thresholds"][HEMORRHAGE.id],
            f"{model['id']} {model['version']}",
        )
