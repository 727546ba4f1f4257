"""The CT series of the patients selected in Slicer's DICOM module, each in a folder of its own."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import output_errors
from ICHSegmentationLib.io.link_or_copy import link_or_copy

from .run_folder import discard
from .translation import tr as _

_MODALITY, _DESCRIPTION, _PATIENT, _DATE = "0008,0060", "0008,103e", "0010,0020", "0008,0020"

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

    Results go by its name, which tells the series apart from all others, and whose it is not at all: the
    folder that it lies in is named after patient and date.

    Args:
        database: a ``ctkDICOMDatabase``.
        patients: their keys in the database.

    Raises:
        InputError: no patient is selected, none has a CT series, or files of one are no longer there.
        OutputError: or one of its kinds: the folders cannot be made.
    """
    series = {
        key: [Path(file) for file in database.filesForSeries(key)]
        for patient in patients
        for study in database.studiesForPatient(patient)
        for key in database.seriesForStudy(study)
    }
    scans = {
        key: files for key, files in series.items() if len(files) >= FEWEST_SLICES and _is_ct(database, files)
    }
    if not scans:
        raise InputError(
            _("Expected patients with a CT, found none selected in the DICOM database."),
            _("Open the DICOM module, select patients there, and come back."),
        )
    lost = {_whose(database, files) for files in scans.values() if not all(file.is_file() for file in files)}
    if lost:
        raise InputError(
            _(
                "Expected every file of the series that are selected, found some no longer there: {whose}."
            ).format(whose=", ".join(sorted(lost))),
            _("Import them into the DICOM database again, or select the other patients alone."),
        )
    with output_errors(parent):
        place = Path(tempfile.mkdtemp(prefix="ICHSegmentation-series-", dir=parent))
        try:
            return [
                _gathered(files, place / _whose(database, files) / _name(database, key, files))
                for key, files in scans.items()
            ]
        except OSError:
            discard(place)
            raise


def discard_series(scans: Iterable[Path]) -> None:
    """Remove what :func:`gather_series` made: copies would fill the disk, and tell of patients."""
    for place in {scan.parents[1] for scan in scans}:
        discard(place)


def _is_ct(database: Any, files: list[Path]) -> bool:
    return database.fileValue(str(files[0]), _MODALITY) == "CT"


def _whose(database: Any, files: list[Path]) -> str:
    patient, date = (_plain(database.fileValue(str(files[0]), tag))[:30] for tag in (_PATIENT, _DATE))
    return f"{patient or 'patient'}-{date}".rstrip("-")


def _name(database: Any, series: str, files: list[Path]) -> str:
    description = _plain(database.fileValue(str(files[0]), _DESCRIPTION))[:40]
    return f"{description or 'CT'}-{hashlib.sha256(series.encode()).hexdigest()[:12]}"


def _plain(text: str) -> str:
    """As it may stand in the name of a folder."""
    return re.sub(r"[^\w-]+", "_", text).strip("_")


def _gathered(files: list[Path], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for number, file in enumerate(files):
        link_or_copy(file, folder / f"{number:05d}.dcm")
    return folder
