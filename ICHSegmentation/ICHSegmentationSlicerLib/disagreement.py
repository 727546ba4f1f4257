"""Where the detector and the segments, as they are now, say different things: anew after every edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.detection import Detection
from ICHSegmentationLib.detection.disagreement import axial_positions_mm, disagreements
from ICHSegmentationLib.labels import HEMORRHAGE
from ICHSegmentationLib.volume import Grid

Measured = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class _AsTold(Detection):
    """What was told, with the marks that it told: the numbers beside them are rounded."""

    marks: Mapping[str, list[int]] = field(default_factory=dict)
    likely: tuple[str, ...] = ()

    def is_likely(self, label: str = HEMORRHAGE.id) -> bool:
        return label in self.likely

    def marked(self, label: str = HEMORRHAGE.id) -> tuple[int, ...]:
        return tuple(self.marks[label])


def disagreements_now(
    detection: Measured,
    measured: Measured,
    grid: Grid,
    slice_positions_mm: NDArray[np.float64] | None = None,
) -> list[str]:
    """One sentence each, as a run tells them.

    Args:
        detection: as in ``measurements.json``.
        measured: what was measured on the segments as they are now.
        grid: of the scan.
        slice_positions_mm: ``[D]`` of its slices along their normal where they are unevenly spaced.
    """
    told = _as_told(detection)
    outlined = np.zeros(len(told.slices), dtype=bool)
    for lesion in measured["lesions"]:  # each is connected, and so on every slice from its first to its last
        first, last = lesion["slices"]
        outlined[first : last + 1] = True
    return list(disagreements(told, outlined, axial_positions_mm(grid, slice_positions_mm)))


def _as_told(detection: Measured) -> _AsTold:
    classes = tuple(detection["scan"])

    def numbers(of: Mapping[str, Any]) -> Any:
        return np.array([of[label] for label in classes], np.float32)

    return _AsTold(
        scan=numbers(detection["scan"]),
        slices=numbers(detection["slices"]).T,
        thresholds=numbers(detection["thresholds"]),
        classes=classes,
        marks=detection["marked_slices"],
        likely=tuple(detection["likely_classes"]),
    )
