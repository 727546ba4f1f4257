"""What a detector says of a scan."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels import HEMORRHAGE, SUBTYPES
from . import words

CLASSES: tuple[str, ...] = (HEMORRHAGE.id, *sorted(label.id for label in SUBTYPES))
"""``hemorrhage`` is any; then epidural, intraparenchymal, intraventricular, subarachnoid and subdural."""

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Detection:
    """Probabilities of a scan and of each of its slices.

    Attributes:
        scan: ``[K]`` probability of each of ``classes`` for the whole scan.
        slices: ``[D, K]`` of each slice, in the scan's own order; 0 for slices that show nothing at all.
        thresholds: ``[K]`` probability from which a slice is marked.
        classes: label ids, :data:`CLASSES`.
        scan_thresholds: ``[K]`` probability from which a scan is positive; None: as for slices.
    """

    scan: NDArray[np.float32]
    slices: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    classes: tuple[str, ...] = CLASSES
    scan_thresholds: NDArray[np.float32] | None = None

    def probability(self, label: str) -> float:
        """Of this class on the whole scan."""
        return float(self.scan[self.classes.index(label)])

    def of_slices(self, label: str) -> NDArray[np.float32]:
        """``[D]`` probability of this class on each slice, in the scan's own order."""
        return self.slices[:, self.classes.index(label)]

    def threshold(self, label: str) -> float:
        """Of slices."""
        return float(self.thresholds[self.classes.index(label)])

    def scan_threshold(self, label: str) -> float:
        return float(self._scan_thresholds[self.classes.index(label)])

    def is_likely(self, label: str = HEMORRHAGE.id) -> bool:
        """Whether the scan's probability of this class reaches its threshold; of a subtype, also that of any
        hemorrhage, and both on one of its slices."""
        reached = all(self.probability(each) >= self.scan_threshold(each) for each in (HEMORRHAGE.id, label))
        return reached and (label == HEMORRHAGE.id or bool(self.marked(label)))

    def marked(self, label: str = HEMORRHAGE.id) -> tuple[int, ...]:
        """Slices, counted from 0 in the scan's own order, on which this class reaches its threshold; of a
        subtype, also any hemorrhage."""
        reached = self.of_slices(label) >= self.threshold(label)
        reached = reached & (self.of_slices(HEMORRHAGE.id) >= self.threshold(HEMORRHAGE.id))
        return tuple(np.flatnonzero(reached).tolist())

    def ranked(self, count: int | None = None) -> tuple[int, ...]:
        """Slices, counted from 0 in the scan's own order, the likeliest of any hemorrhage first."""
        order = np.argsort(-self.of_slices(HEMORRHAGE.id), kind="stable")
        return tuple(order[:count].tolist())

    @property
    def sentence(self) -> str:
        """The finding in one sentence; it counts slices from 1, as people do."""
        return words.sentence(self)

    def to_dict(self) -> dict[str, Any]:
        """What ``measurements.json`` and ``detection.json`` say of it."""
        return {
            "sentence": self.sentence,
            "likely": self.is_likely(),
            "likely_classes": [label for label in self.classes if self.is_likely(label)],
            "scan": self._named(self.scan),
            "thresholds": self._named(self.thresholds),
            "scan_thresholds": self._named(self._scan_thresholds),
            "marked_slices": {label: list(self.marked(label)) for label in self.classes},
            "ranked_slices": list(self.ranked()),
            "slices": {
                label: [round(float(p), _DIGITS) for p in self.of_slices(label)] for label in self.classes
            },
        }

    @property
    def _scan_thresholds(self) -> NDArray[np.float32]:
        return self.thresholds if self.scan_thresholds is None else self.scan_thresholds

    def _named(self, values: NDArray[np.float32]) -> dict[str, float]:
        return {label: round(float(v), _DIGITS) for label, v in zip(self.classes, values, strict=True)}
