"""The scans in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .translation import tr as _

_IMAGES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_SEGMENTATIONS = (".seg.nrrd", ".seg.nhdr")
_RESULTS = ("measurements.json", "detection.json")
"""A folder with one of these is the result of one scan and holds no other."""

_DICOM_AT = 128


def scans_in(folder: Path) -> list[Path]:
    """Image files, and folders that hold DICOM files, in ``folder`` and below it, in order of their names.

    Hidden files and folders, segmentations, and folders of earlier results are left out.

    Raises:
        InputError: there is none, or the folder cannot be read.
    """
    try:
        scans = list(_found(folder))
    except OSError as error:
        raise InputError(
            _("{folder} cannot be read: {error}.").format(
                folder=error.filename or folder, error=error.strerror
            ),
            _("Allow reading it, or choose another folder."),
        ) from error
    if not scans:
        raise InputError(
            _("Expected scans in {folder}, found none.").format(folder=folder),
            _("Choose a folder with NIfTI, NRRD or MetaImage files, or with folders of DICOM files."),
        )
    return scans


def _found(folder: Path) -> Iterator[Path]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if entry.is_file()]
    if any(file.name in _RESULTS for file in files):
        return
    yield from (file for file in files if _is_image(file))
    if any(_is_dicom(file) for file in files if not _is_image(file)):
        yield folder
        return  # what stands below belongs to it
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            yield from _found(entry)


def _is_image(file: Path) -> bool:
    name = file.name.lower()
    return name.endswith(_IMAGES) and not name.endswith(_SEGMENTATIONS)


def _is_dicom(file: Path) -> bool:
    """Whether it says so itself; files without the DICOM preamble count by their ending."""
    if file.suffix.lower() == ".dcm":
        return True
    if not os.access(file, os.R_OK):
        return False
    with file.open("rb") as stream:
        return stream.read(_DICOM_AT + 4)[_DICOM_AT:] == b"DICM"
