"""RSNA Intracranial Hemorrhage Detection 2019: 752,803 labelled slices, DICOM, no masks.

As published (Kaggle, stage 2): ``stage_2_train/ID_*.dcm`` in one folder and ``stage_2_train.csv`` with six
rows a slice, ``ID_xxx_subtype,Label``. Some rows stand there twice. Slices belong to a scan by their
``SeriesInstanceUID``.
"""

import csv
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from ICHSegmentationLib.errors import InputError, NotAnImageError
from ICHSegmentationLib.io.dicom_slices import reading

from .case import SUBTYPE_IDS, Case, SliceLabel
from .ct_ich import union

_TAGS = ["SeriesInstanceUID", "PatientID", "ImagePositionPatient", "ImageOrientationPatient"]
_KINDS = ("any", *SUBTYPE_IDS)
_ALL = 2 ** len(_KINDS) - 1
_TELL_EVERY = 20_000

_log = logging.getLogger(__name__)


class Rsna2019:
    name = "rsna2019"

    def matches(self, folder: Path) -> bool:
        return (folder / "stage_2_train.csv").is_file() and (folder / "stage_2_train").is_dir()

    def cases(self, folder: Path) -> list[Case]:
        files = sorted((folder / "stage_2_train").glob("*.dcm"))
        if not files:
            raise InputError(
                f"Expected stage_2_train/ID_*.dcm in {folder}, found none.",
                "Unpack the data of Kaggle there.",
            )
        rows = _rows(folder / "stage_2_train.csv")
        series: dict[str, list[_Header]] = defaultdict(list)
        damaged = []
        for done, file in enumerate(files, 1):
            try:
                header = _header(file)
            except NotAnImageError as error:
                damaged.append(Case(file.stem, file.stem, (file,), fault=str(error)))
            except InvalidDicomError:
                fault = f"Expected a DICOM image in {file.name}, found something else."
                damaged.append(Case(file.stem, file.stem, (file,), fault=fault))
            else:
                series[header.series].append(header)
            if done % _TELL_EVERY == 0:
                _log.info("Looked at %d of %d slices", done, len(files))
        cases = [_case(name, headers, rows) for name, headers in series.items()]
        return sorted([*cases, *damaged], key=lambda case: case.name)


class _Header(NamedTuple):
    series: str
    patient: str
    along: float
    file: Path


class _Row(NamedTuple):
    """Bits in the order of ``_KINDS``: what some row says there is, and what some row says there is not."""

    there: int = 0
    absent: int = 0


def _header(file: Path) -> _Header:
    with reading(file):
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
        position = np.array([float(x) for x in header.ImagePositionPatient])
        axes = np.array([float(x) for x in header.ImageOrientationPatient]).reshape(2, 3)
        along = float(position @ np.cross(axes[0], axes[1]))
        return _Header(str(header.SeriesInstanceUID), str(header.PatientID), along, file)


def _rows(table: Path) -> dict[str, _Row]:
    """What the rows say of each slice. Read as a stream: there are 4.5 million."""
    bits = {kind: 1 << place for place, kind in enumerate(_KINDS)}
    found: dict[str, _Row] = {}
    with table.open(newline="", encoding="utf-8") as stream:
        lines = csv.reader(stream)
        if next(lines, None) != ["ID", "Label"]:
            raise InputError(f"Expected the columns ID and Label in {table.name}.")
        for line in filter(None, lines):
            slice_, _, kind = line[0].rpartition("_")
            if kind not in bits or line[1:] not in (["0"], ["1"]):
                raise InputError(f"Expected rows ID_xxx_subtype,0 or 1 in {table.name}, found {line}.")
            there, absent = found.get(slice_, _Row())
            if line[1] == "1":
                there |= bits[kind]
            else:
                absent |= bits[kind]
            found[slice_] = _Row(there, absent)
    return found


def _case(name: str, headers: Sequence[_Header], rows: dict[str, _Row]) -> Case:
    ordered = sorted(headers, key=lambda header: (header.along, header.file.name))
    found = [rows.get(header.file.stem, _Row()) for header in ordered]
    unknown = sum(row.there | row.absent != _ALL for row in found)
    torn = sum(row.there & row.absent != 0 for row in found)
    fault = ""
    if unknown:
        fault = f"{unknown} of its {len(found)} slices lack rows in stage_2_train.csv."
    elif torn:
        fault = f"Rows of {torn} of its slices contradict each other in stage_2_train.csv."
    labels = tuple(_label(row.there) for row in found)
    return Case(
        name=name,
        patient=ordered[0].patient,
        image=tuple(header.file for header in ordered),
        slice_labels=labels,
        scan_labels=union(labels),
        fault=fault,
    )


def _label(bits: int) -> SliceLabel:
    there = {kind for place, kind in enumerate(_KINDS) if bits >> place & 1}
    return SliceLabel.of(there - {"any"}, any="any" in there)
