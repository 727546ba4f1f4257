"""A scan that Slicer's DICOM module has loaded, and the files of its slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

from ICHSegmentationLib.errors import InputError

from .translation import tr as _

INSTANCES = "DICOM.instanceUIDs"
"""Attribute that Slicer's DICOM module gives to a volume: the UIDs of its slices."""


def is_from_dicom(scan: slicer.vtkMRMLScalarVolumeNode | None) -> bool:
    """Whether the scan was loaded by Slicer's DICOM module."""
    return scan is not None and bool(scan.GetAttribute(INSTANCES))


def instances_of(scan: slicer.vtkMRMLScalarVolumeNode) -> list[str]:
    """The UIDs of the scan's slices, in their order; empty where it was not loaded by the DICOM module."""
    return (scan.GetAttribute(INSTANCES) or "").split()


def slicers_database() -> Any:
    """Slicer's own ``ctkDICOMDatabase``, or None."""
    return getattr(slicer, "dicomDatabase", None)


def files_of(scan: slicer.vtkMRMLScalarVolumeNode, database: Any) -> list[Path]:
    """The files of the scan's slices.

    Args:
        database: a ``ctkDICOMDatabase``, or None.

    Raises:
        InputError: the database does not hold them any more.
    """
    uids = instances_of(scan)
    files = [Path(database.fileForInstance(uid) or "") for uid in uids] if database is not None else []
    if not files or not all(file.is_file() for file in files):
        raise InputError(
            _("Expected the scan's slices in Slicer's DICOM database, found them missing."),
            _("Import the series again in the DICOM module, and load the scan from there."),
        )
    return files
