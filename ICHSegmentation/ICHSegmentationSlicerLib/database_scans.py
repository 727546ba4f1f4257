"""The CT series of the patients selected in Slicer's DICOM module, each in a folder of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import output_errors
from ICHSegmentationLib.io.link_or_copy import link_or_copy

from .translation import tr as _

_MODALITY, _DESCRIPTION = "0008,0060", "0008,103e"

FEWEST_SLICES = 5
"""A series of fewer images is a scout, a key image or a dose report."""


def selected_scans(parent: Path) -> list[Path]:
    """As :func:`gather_series`, for the patients that are selected in the DICOM module."""
    import slicer

    browser = slicer.modules.dicom.widgetRepresentation().self().browserWidget.dicomBrowser
    patients = browser.dicomTableManager().currentPatientsSelection()
    return gather_series(slicer.dicomDatabase, patients, parent)


def gather_series(database: Any, patients: Iterable[str], parent: Path) -> list[Path]:
    """A folder below ``parent`` for each CT series, with links to its files, or copies where links cannot be.

    Args:
        database: a ``ctkDICOMDatabase``.
        patients: their keys in the database.

    Raises:
        InputError: no patient is selected, or none has a CT series.
        OutputError: or one of its kinds: the folders cannot be made.
    """
    series = [
        key
        for patient in patients
        for study in database.studiesForPatient(patient)
        for key in database.seriesForStudy(study)
    ]
    scans = [[Path(file) for file in database.filesForSeries(key)] for key in series]
    scans = [files for files in scans if len(files) >= FEWEST_SLICES and _is_ct(database, files)]
    if not scans:
        raise InputError(
            _("Expected patients with a CT, found none selected in the DICOM database."),
            _("Open the DICOM module, select patients there, and come back."),
        )
    with output_errors(parent):
        place = Path(tempfile.mkdtemp(prefix="ICHSegmentation-series-", dir=parent))
        return [
            _gathered(files, place / f"{number:03d}-{_description(database, files)}")
            for number, files in enumerate(scans, 1)
        ]


def _is_ct(database: Any, files: list[Path]) -> bool:
    return database.fileValue(str(files[0]), _MODALITY) == "CT"


def _description(database: Any, files: list[Path]) -> str:
    """As it may stand in the name of a folder."""
    description = database.fileValue(str(files[0]), _DESCRIPTION)
    return re.sub(r"[^\w-]+", "_", description).strip("_")[:40] or "CT"


def _gathered(files: list[Path], folder: Path) -> Path:
    folder.mkdir()
    for number, file in enumerate(files):
        link_or_copy(file, folder / f"{number:05d}.dcm")
    return folder
