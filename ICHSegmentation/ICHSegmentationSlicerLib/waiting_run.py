"""A run for scripts: started, waited for, and its result or its error handed back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import qt
import slicer

from ICHSegmentationLib import errors
from ICHSegmentationLib.events import Failed, Finished
from ICHSegmentationLib.settings import SegmentationSettings

from .segmentation_run import SegmentationRun

_PAUSE_S = 0.01


class _Outcome:
    """Listens to the one run."""

    segmentation: Any = None
    result: Finished | None = None
    error: Failed | None = None

    def run_progressed(self, stage: str, fraction: float) -> None: ...

    def run_finished(self, segmentation: Any, result: Finished, folder: Path) -> None:
        self.segmentation, self.result = segmentation, result

    def run_failed(self, error: Failed) -> None:
        self.error = error


def run_and_wait(
    scene: Any, setup: Any, folder: Path, scan: Any, replace: Any, settings: SegmentationSettings
) -> tuple[Any, dict[str, Any]]:
    """Segment ``scan``; Slicer goes on handling its events meanwhile.

    Returns:
        the segmentation node and the measurements.

    Raises:
        ICHError: one of its kinds.
    """
    outcome = _Outcome()
    run = SegmentationRun(scene, setup.make_worker, folder, qt.QTimer.singleShot, outcome)
    setup.require_ready(settings.model)
    run.start(scan, replace, settings)
    while outcome.result is None or run.finishing:
        if outcome.error is not None:
            raise _error_of(outcome.error)
        slicer.app.processEvents()
        time.sleep(_PAUSE_S)  # or waiting would take a processor core from the run
    return outcome.segmentation, outcome.result.measurements


def _error_of(failed: Failed) -> errors.ICHError:
    """The failure as the error class that has its code."""
    classes = _below(errors.ICHError)
    found = next((known for known in classes if known.code == failed.code), errors.ICHError)
    return found(failed.message, failed.hint)


def _below(cls: type[errors.ICHError]) -> list[type[errors.ICHError]]:
    children = cls.__subclasses__()
    return [*children, *(below for child in children for below in _below(child))]
