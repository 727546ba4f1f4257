"""Confusion tables of what was told, in Markdown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.labels import SUBTYPES

from ..default_model.markdown import table
from .fit import CLASSES, VALUES
from .real import RealPart
from .samples import Sample

_NAMES = [label.abbreviation for label in SUBTYPES]


def confusion(samples: Sequence[Sample], chances: NDArray[np.float64], least: float) -> str:
    """What was told of lesions of each true subtype; ``least`` is the least confidence."""
    true = np.array([VALUES.index(sample.subtype) for sample in samples])
    likeliest, sure = chances.argmax(axis=1), chances.max(axis=1) >= least
    rows = []
    for index, name in enumerate(_NAMES):
        these = true == index
        told = [str(np.sum(these & sure & (likeliest == other))) for other in range(len(_NAMES))]
        rows.append([name, str(these.sum()), *told, str(np.sum(these & ~sure))])
    return table(["true", "lesions", *_NAMES, "not told"], rows)


def shares(samples: Sequence[Sample], chances: NDArray[np.float64], least: float) -> tuple[float, float]:
    """How many of the lesions are told, and how many of the told are right."""
    true = np.array([VALUES.index(sample.subtype) for sample in samples])
    sure = chances.max(axis=1) >= least
    return float(sure.mean()), float((chances.argmax(axis=1) == true)[sure].mean())


def by_volume(parts: Sequence[RealPart], least: float) -> str:
    """mL of real hemorrhage under each told subtype."""
    rows = []
    for name, label in zip(_NAMES, CLASSES, strict=True):
        these = [part for part in parts if part.told == label and part.confidence >= least]
        rows.append([name, str(len(these)), f"{sum(part.volume_ml for part in these):.1f}"])
    rest = [part for part in parts if part.confidence < least]
    rows.append(["not told", str(len(rest)), f"{sum(part.volume_ml for part in rest):.1f}"])
    return table(["told", "parts", "mL"], rows)


def against_readers(parts: Sequence[RealPart], least: float) -> str:
    """Scan by scan what readers saw somewhere on it, and what was told of its lesions."""
    rows = []
    for case in dict.fromkeys(part.case for part in parts):
        these = [part for part in parts if part.case == case]
        readers = ", ".join(_NAMES[CLASSES.index(name)] for name in these[0].readers)
        told = "; ".join(_in_words(part, least) for part in sorted(these, key=lambda part: -part.volume_ml))
        rows.append([case.rpartition("/")[2], readers, told])
    return table(["scan", "readers", "told (confidence, mL)"], rows)


def agreement(parts: Sequence[RealPart], least: float) -> str:
    told = [part for part in parts if part.confidence >= least]
    right = sum(part.agrees for part in told)
    return (
        f"{len(told)} of {len(parts)} parts are told; {right} of them have a subtype that readers saw on "
        "the scan."
    )


def _in_words(part: RealPart, least: float) -> str:
    name = _NAMES[CLASSES.index(part.told)] if part.confidence >= least else "not told"
    mark = "" if part.agrees or part.confidence < least else " (not seen by readers)"
    return f"{name} ({part.confidence:.2f}, {part.volume_ml:.1f}){mark}"
