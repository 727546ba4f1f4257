"""The folder of one run, among Slicer's temporary files."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from ICHSegmentationLib.errors import DiskFullError
from ICHSegmentationLib.io.atomic import output_errors

from .translation import tr as _

_SPARE_BYTES = 200_000_000
"""Beside the scan itself: mask, report, map of uncertainty, with room to spare."""


def make_run_folder(parent: Path, scan_bytes: int) -> Path:
    """A new empty folder with room for a run on a scan of this size.

    Raises:
        DiskFullError: there is too little room.
        OutputError: the folder cannot be made.
    """
    with output_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        needed = 2 * scan_bytes + _SPARE_BYTES
        free = shutil.disk_usage(parent).free
        if free < needed:
            raise DiskFullError(
                _("Expected {needed} MB of free disk space for temporary files, found {free} MB.").format(
                    needed=needed // 1_000_000, free=free // 1_000_000
                ),
                _("Free some space, or choose another temporary folder in Edit > Application Settings."),
            )
        return Path(tempfile.mkdtemp(prefix="ICHSegmentation-", dir=parent))


def discard(folder: Path) -> None:
    """Remove a run's folder, or as much of it as the system lets go of."""
    shutil.rmtree(folder, ignore_errors=True)


def file_name(scan_name: str) -> str:
    """A name for the scan's file that every system allows; the result is named after it."""
    return (re.sub(r"[^\w-]+", "_", scan_name).strip("_")[:60] or "scan") + ".nii"
