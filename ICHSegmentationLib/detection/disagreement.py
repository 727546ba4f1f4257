"""Where a detector and an outline say different things."""

import numpy as np
from numpy.typing import NDArray

from ..labels import HEMORRHAGE, label_named
from ..wording import in_percent
from .result import Detection
from .words import on_slices, runs

NEAR_MM = 5.0
"""A slice this far from an outlined one still shows the same hemorrhage: about one slice of the detector."""


def disagreements(
    detection: Detection, outlined: NDArray[np.bool_], slice_distance_mm: float
) -> tuple[str, ...]:
    """Sentences on what only one of both found.

    Args:
        outlined: ``[D]`` whether anything is outlined on each slice, in the scan's own order.
        slice_distance_mm: distance of neighbouring slices.
    """
    said = _not_outlined(detection, outlined, slice_distance_mm)
    if outlined.any() and not any(detection.is_likely(label) for label in detection.classes):
        slices = np.flatnonzero(outlined).tolist()
        said.append(
            f"Detector: hemorrhage unlikely ({in_percent(detection.probability(HEMORRHAGE.id))}), "
            f"but outlined {on_slices(slices)}."
        )
    return tuple(said)


def _not_outlined(detection: Detection, outlined: NDArray[np.bool_], distance_mm: float) -> list[str]:
    """Marked slices with no outline near, told once: by subtype where the detector tells it."""
    near = _widened(outlined, max(1, round(NEAR_MM / distance_mm)))
    said, told = [], set[int]()
    for label in (*(c for c in detection.classes if c != HEMORRHAGE.id), HEMORRHAGE.id):
        if not detection.is_likely(label):
            continue
        lonely = [run for run in runs(detection.marked(label)) if not near[run].any()]
        slices = [index for run in lonely for index in run]
        if slices and not (label == HEMORRHAGE.id and told.issuperset(slices)):
            name = label_named(label).name.lower()
            said.append(f"Detector: {name} likely {on_slices(slices)}, nothing outlined there.")
            told.update(slices)
    return said


def _widened(flags: NDArray[np.bool_], slices: int) -> NDArray[np.bool_]:
    wide = flags.copy()
    for shift in range(1, slices + 1):
        wide[shift:] |= flags[:-shift]
        wide[:-shift] |= flags[shift:]
    return wide
