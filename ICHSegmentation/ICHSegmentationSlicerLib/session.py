"""What the panel works on now: one scan, its segmentation, and what is measured on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNCERTAINTY, HEAT = "uncertainty", "heat"
"""What may lie over the slices; one at a time, as a slice view has one foreground."""

_SAME, _SAME_MM = 1e-6, 1e-3

Measurements = dict[str, Any]
"""As in ``measurements.json``; at least its measuring part."""


@dataclass
class Session:
    """The parts of the panel read it, and hear of every change through ``listen``.

    Attributes:
        measurements: None where nothing is segmented.
        lesion: id of the lesion chosen in the table.
        result_folder: what the last run wrote; None after a scene was loaded.
        edited: whether something else is outlined now, or lies elsewhere, than what was written there.
        overlay: the map that lies over the slices, ``UNCERTAINTY`` or ``HEAT``; empty for none.
    """

    scan: Any = None
    segmentation: Any = None
    measurements: Measurements | None = None
    lesion: int | None = None
    result_folder: Path | None = None
    edited: bool = False
    overlay: str = ""
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def choose_scan(self, scan: Any) -> None:
        """Another scan, of which nothing is known yet."""
        self.scan = scan
        self.forget_result()

    def forget_result(self) -> None:
        self.segmentation = self.measurements = self.lesion = self.result_folder = None
        self.edited, self.overlay = False, ""
        self._tell()

    def take_result(
        self, segmentation: Any, measurements: Measurements, result_folder: Path | None = None
    ) -> None:
        """A segmentation of the scan; the largest lesion is chosen."""
        self.segmentation, self.measurements = segmentation, measurements
        self.result_folder, self.edited, self.overlay = result_folder, False, ""
        lesions = measurements["lesions"]
        self.lesion = lesions[0]["id"] if lesions else None
        self._tell()

    def take_measurements(self, measurements: Measurements, edited: bool = True) -> None:
        """Numbers of the same segmentation after an edit or a move; the chosen lesion stays if it can."""
        measurements = {**(self.measurements or {}), **measurements}
        if measurements == self.measurements:
            return
        self.measurements, self.edited = measurements, edited
        ids = [lesion["id"] for lesion in measurements["lesions"]]
        self.lesion = self.lesion if self.lesion in ids else next(iter(ids), None)
        self._tell()

    def choose_lesion(self, lesion: int) -> None:
        if lesion != self.lesion:
            self.lesion = lesion
            self._tell()

    def choose_lesion_like(self, earlier: Measurements) -> None:
        """Choose the lesion that lies where an earlier one lay, whatever it is called now."""
        lesions = (self.measurements or {}).get("lesions", [])
        if lesions:
            self.choose_lesion(min(lesions, key=lambda lesion: _apart(lesion, earlier))["id"])

    def choose_overlay(self, overlay: str) -> None:
        self.overlay = overlay
        self._tell()

    def chosen_lesion(self) -> Measurements | None:
        """The chosen lesion's measurements."""
        return self.lesion_called(self.lesion)

    def lesion_called(self, id_: int | None) -> Measurements | None:
        """The measurements of the lesion with this id."""
        lesions = (self.measurements or {}).get("lesions", [])
        return next((lesion for lesion in lesions if lesion["id"] == id_), None)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def same_outline(one: Measurements, other: Measurements) -> bool:
    """Whether as much is outlined at the same places; a run, which reads files, differs in last digits."""
    lesions = list(zip(one["lesions"], other["lesions"], strict=False))
    return (
        len(one["lesions"]) == len(other["lesions"])
        and math.isclose(one["total_volume_ml"], other["total_volume_ml"], rel_tol=_SAME)
        and all(math.isclose(a["volume_ml"], b["volume_ml"], rel_tol=_SAME) for a, b in lesions)
        and all(a["label"] == b["label"] and _apart(a, b) < _SAME_MM for a, b in lesions)
    )


def _apart(one: Measurements, other: Measurements) -> float:
    """Distance of two lesions' centres, mm."""
    return math.dist(one["centroid_mm"], other["centroid_mm"])
