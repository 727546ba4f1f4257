"""DICOM files in any order to series, by their headers alone."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from ..errors import ICHError
from ..io.dicom_slices import read_dataset, read_headers, reading
from ..printable import printable
from .case import Case, LeftOut
from .head_ct import Picture, SeriesFacts, reason_against
from .short_hash import short_hash

_SHOWN = ("ConvolutionKernel", "SliceThickness")
_IDENTIFIERS = (
    "PatientID", "PatientName", "StudyDate", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID",
    "SeriesDescription",
)  # fmt: skip
_NEEDED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "Modality",
    "BodyPartExamined", "ImageType", "ContrastBolusAgent", "Rows", "Columns", "NumberOfFrames",
    "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
)  # fmt: skip


@dataclass
class _Series:
    """What was read of a series so far: its pictures, and of its first file what tells of the whole."""

    facts: SeriesFacts
    columns: Mapping[str, str]
    files: dict[tuple[str, tuple[float, ...]], Path] = field(default_factory=dict)


class SeriesIndex:
    """Takes DICOM files one by one and gives the series in them.

    Series are told apart by patient, study and series; files that hold the same picture count once.
    """

    def __init__(self, root: Path, keep_identifiers: bool) -> None:
        self._root = root
        self._identifiers = _IDENTIFIERS if keep_identifiers else ()
        self._series: dict[tuple[str, ...], _Series] = {}
        self._damaged: list[LeftOut] = []

    def add(self, path: Path) -> None:
        """Read the header of a DICOM file; one that is damaged is left out."""
        try:
            with reading(path), _silent():
                self._add(path)
        except (ICHError, InvalidDicomError):
            place = path.relative_to(self._root).as_posix()
            columns = {"path": printable(place)} if self._identifiers else {}
            reason = "a DICOM file that is damaged or cannot be read"
            self._damaged.append(LeftOut(f"file-{short_hash(place)}", reason, columns))

    def sorted_out(self) -> tuple[list[Case], tuple[LeftOut, ...]]:
        """The head CTs as cases, and the other series with what speaks against them."""
        cases, left_out = [], []
        for key, series in sorted(self._series.items()):
            name = f"ct-{short_hash(key[-1])}"
            columns = {**series.columns, "images": str(len(series.facts.pictures) or len(series.files))}
            if reason := reason_against(series.facts):
                left_out.append(LeftOut(name.replace("ct-", "series-"), reason, columns))
            else:
                files = tuple(path for _, path in sorted(series.files.items()))
                cases.append(Case(name, files, is_series=True, columns=columns))
        return cases, (*left_out, *self._damaged)

    def _add(self, path: Path) -> None:
        tags = [*_NEEDED, *_SHOWN, *self._identifiers]
        header = read_dataset(path, stop_before_pixels=True, tags=tags)
        key = tuple(_text(header, tag) for tag in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID"))
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(_facts(header), self._columns(path, header))
        series.facts.has_pixels |= "Rows" in header
        pictures = _pictures(path, header)
        here = (_text(header, "SOPInstanceUID"), pictures[0].position if pictures else ())
        if here not in series.files:
            series.files[here] = path
            series.facts.pictures.extend(pictures)

    def _columns(self, path: Path, header: Dataset) -> dict[str, str]:
        tags = {_snake(tag): _text(header, tag) for tag in (*_SHOWN, *self._identifiers)}
        if self._identifiers:
            tags["path"] = printable(path.parent.relative_to(self._root).as_posix())
        return tags


@contextmanager
def _silent() -> Iterator[None]:
    """What pydicom warns of bears the path of the file, which may name a patient."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _facts(header: Dataset) -> SeriesFacts:
    return SeriesFacts(
        modality=_text(header, "Modality"),
        has_pixels="Rows" in header,
        body_part=_text(header, "BodyPartExamined"),
        contrast=_text(header, "ContrastBolusAgent"),
    )


def _pictures(path: Path, header: Dataset) -> list[Picture]:
    """Where the file's CT slices lie; none where it holds no placed slice."""
    if _text(header, "Modality") != "CT" or "Rows" not in header:
        return []
    if _text(header, "NumberOfFrames") not in ("", "1"):
        return [
            Picture(tuple(s.position), tuple(s.normal), _field(s.shape, s.pixel_spacing), s.is_localizer)
            for s in read_headers([path]).slices
        ]
    try:
        axes = np.array([float(x) for x in header.ImageOrientationPatient]).reshape(2, 3)
        position = tuple(float(x) for x in header.ImagePositionPatient)
        spacing = tuple(float(x) for x in header.PixelSpacing)
        shape = (int(header.Rows), int(header.Columns))
    except (AttributeError, TypeError, ValueError):
        return []
    is_scout = "LOCALIZER" in _text(header, "ImageType")
    return [Picture(position, tuple(np.cross(*axes)), _field(shape, spacing), is_scout)]


def _field(shape: tuple[int, ...], spacing: tuple[float, ...]) -> float:
    """The longer side of a picture in mm."""
    return max(n * mm for n, mm in zip(shape, spacing, strict=True))


def _text(header: Dataset, tag: str) -> str:
    value = header.get(tag)
    return "" if value is None else str(value).strip()


def _snake(tag: str) -> str:
    """``StudyInstanceUID`` -> ``study_instance_uid``."""
    words: list[str] = []
    for letter, before in zip(tag, f" {tag}", strict=False):
        if letter.isupper() and not before.isupper():
            words.append("")
        words[-1] += letter.lower()
    return "_".join(words)
