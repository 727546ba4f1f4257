"""Where a detector and an outline say different things."""

import numpy as np
from numpy.typing import NDArray

from ..labels import HEMORRHAGE, label_named
from ..preparation.orientation import Reorientation
from ..volume import Grid
from ..wording import in_percent
from .result import Detection
from .words import on_slices, runs

NEAR_MM = 5.0
"""A slice this far from an outlined one still shows the same hemorrhage: about one slice of the detector."""
_SAME_MM = 1e-3


def axial_positions_mm(
    grid: Grid, slice_positions_mm: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """``[D]`` where the axial slices of a scan lie along their normal, in the scan's own order.

    Args:
        slice_positions_mm: of the stored slices where they are unevenly spaced.
    """
    order = Reorientation.of(grid)
    if slice_positions_mm is not None and order.axes[0] == 0:
        return slice_positions_mm
    return np.arange(grid.shape[order.axes[0]], dtype=np.float64) * order.grid.slice_distance


def disagreements(
    detection: Detection, outlined: NDArray[np.bool_], positions_mm: NDArray[np.float64]
) -> tuple[str, ...]:
    """Sentences on what only one of both found.

    Args:
        outlined: ``[D]`` whether anything is outlined on each slice, in the scan's own order.
        positions_mm: ``[D]`` see :func:`axial_positions_mm`.
    """
    said = _not_outlined(detection, near(outlined, positions_mm))
    if outlined.any() and not any(detection.is_likely(label) for label in detection.classes):
        slices = np.flatnonzero(outlined).tolist()
        said.append(
            f"Detector: hemorrhage unlikely ({in_percent(detection.probability(HEMORRHAGE.id))}), "
            f"but outlined {on_slices(slices)}."
        )
    return tuple(said)


def _not_outlined(detection: Detection, beside: NDArray[np.bool_]) -> list[str]:
    """Marked slices with no outline near, told once: by subtype where the detector tells it."""
    said, told = [], set[int]()
    for label in (*(c for c in detection.classes if c != HEMORRHAGE.id), HEMORRHAGE.id):
        if not detection.is_likely(label):
            continue
        lonely = [run for run in runs(detection.marked(label)) if not beside[run].any()]
        slices = [index for run in lonely for index in run]
        if slices and not (label == HEMORRHAGE.id and told.issuperset(slices)):
            name = label_named(label).name.lower()
            said.append(f"Detector: {name} likely {on_slices(slices)}, nothing outlined there.")
            told.update(slices)
    return said


def near(outlined: NDArray[np.bool_], positions_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``[D]`` whether something is outlined on a slice, beside it, or as many usual slices away as make up
    ``NEAR_MM``."""
    usual = float(np.median(np.abs(np.diff(positions_mm)))) if len(positions_mm) > 1 else NEAR_MM
    reach = max(1, round(NEAR_MM / usual)) * usual
    index = np.arange(len(outlined))
    beside = np.abs(index[:, np.newaxis] - index) <= 1
    within = np.abs(positions_mm[:, np.newaxis] - positions_mm) <= reach + _SAME_MM
    return np.asarray((beside | within)[:, outlined].any(axis=1))
