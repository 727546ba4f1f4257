"""What a detector said of a scan, as the panel tells it: a sentence, the slices, and where it disagrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ICHSegmentationLib.labels import HEMORRHAGE, LABELS, label_named
from ICHSegmentationLib.wording import in_percent

from .translation import tr as _

OF_THE_DETECTOR = "Detector:"
"""How warnings of disagreement begin, see :mod:`ICHSegmentationLib.detection.disagreement`."""


@dataclass(frozen=True)
class MarkedSlice:
    """A slice on which a class reaches its threshold.

    Attributes:
        index: counted from 0 in the scan's own order.
        probability: of any hemorrhage, 0 to 1.
        subtypes: abbreviation and probability of each subtype that reaches its threshold; likeliest first.
    """

    index: int
    probability: float
    subtypes: tuple[tuple[str, float], ...]


def marked_slices(detection: Mapping[str, Any]) -> list[MarkedSlice]:
    """Every slice that is marked, in the scan's own order.

    Args:
        detection: as in ``measurements.json``.
    """
    marked = {label: set(indices) for label, indices in detection["marked_slices"].items()}
    of_slices = detection["slices"]
    slices = []
    for index in sorted(set().union(*marked.values())):
        subtypes = [
            (label_named(label).abbreviation, of_slices[label][index])
            for label, indices in marked.items()
            if label != HEMORRHAGE.id and index in indices
        ]
        subtypes.sort(key=lambda found: -found[1])
        slices.append(MarkedSlice(index, of_slices[HEMORRHAGE.id][index], tuple(subtypes)))
    return slices


def slice_text(marked: MarkedSlice) -> str:
    """One line on a slice; slices are counted from 1 for people."""
    text = _("Slice {number}: {chance}").format(
        number=marked.index + 1, chance=in_percent(marked.probability)
    )
    subtypes = ", ".join(f"{name} {in_percent(chance)}" for name, chance in marked.subtypes)
    return f"{text} ({subtypes})" if subtypes else text


def disagreements(measurements: Mapping[str, Any]) -> list[str]:
    """Where detector and outline differ, one sentence each."""
    return [warning for warning in measurements.get("warnings", []) if warning.startswith(OF_THE_DETECTOR)]


def heat_classes(detection: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(text, class) of the heat maps: any hemorrhage, then the subtypes by their probability on the scan."""
    names = {label.id: _(label.name) for label in LABELS} | {HEMORRHAGE.id: _("Any hemorrhage")}
    chances = detection["scan"]
    order = sorted(chances, key=lambda label: (label != HEMORRHAGE.id, -chances[label]))
    return [(f"{names[label]} ({in_percent(chances[label])})", label) for label in order]
