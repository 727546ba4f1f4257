"""The DICOM slices that a CT was read from; a DICOM SEG refers to every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ..errors import GeometryError, InputError
from ..volume import CTVolume
from .dicom_geometry import stack
from .dicom_identity import remove_identity
from .dicom_mending import mend
from .dicom_slices import Slice, read_dataset, read_headers, reading

_MAY_BE_EMPTY = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""What every object of a study must hold (type 2), and what tools that remove identities take out."""

_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_OTHERWISE = "Export the series again, or choose another format than DICOM SEG."


@dataclass(frozen=True)
class DicomSource:
    """What :attr:`..volume.Volume.header` holds of a CT that was read from DICOM.

    Attributes:
        slices: one for each slice of the CT's array, in its order.
        identifiers: whether objects that refer to the slices name the patient as the series does.
    """

    slices: tuple[Slice, ...]
    identifiers: bool = True

    @property
    def origins(self) -> NDArray[np.float64]:
        """``[D, 3]`` centre of each slice's first pixel, RAS mm."""
        return np.array([s.position for s in self.slices]) * (-1.0, -1.0, 1.0)

    @property
    def slice_distance_mm(self) -> float:
        """The usual distance between neighbouring slices; of a single one its thickness."""
        if len(self.slices) == 1:
            return self.slices[0].thickness or 0.0  # a single slice is only read where it tells it
        along = np.array([s.position for s in self.slices]) @ self.slices[0].normal
        return float(np.median(np.abs(np.diff(along))))


def source_of(ct: CTVolume | None) -> DicomSource:
    """The series that a CT was read from.

    Raises:
        InputError: there is none that a DICOM SEG could refer to.
    """
    source = ct.header if ct is not None else None
    if not isinstance(source, DicomSource):
        raise InputError(
            "A DICOM SEG refers to the slices of a DICOM series, and this scan was not read from one.",
            "Give the folder with the DICOM series of the scan, or choose another format.",
        )
    if len({s.path for s in source.slices}) > 1 and any(s.frame is not None for s in source.slices):
        raise InputError(
            "Expected a file for each slice or one file for all, found a scan in several multi-frame files.",
            "Choose another format than DICOM SEG.",
        )
    return source


def without_identifiers(ct: CTVolume) -> CTVolume:
    """The same scan; what is written in DICOM of it names no patient."""
    if not isinstance(ct.header, DicomSource):
        return ct
    return replace(ct, header=replace(ct.header, identifiers=False))


def source_in(files: Sequence[Path]) -> DicomSource:
    """The slices in the files of one series, in the order of a CT read from them; no pixels are read.

    Raises:
        NotAnImageError, InputError: a file has gone or is damaged.
        GeometryError: the slices form no volume, or there is none.
    """
    headers = read_headers(list(files))
    if not headers.slices:
        raise GeometryError(
            "Expected CT slices with a place in the patient, found none.", "Load the scan from DICOM again."
        )
    return DicomSource(stack(headers.slices).slices)


def read_source(source: DicomSource) -> tuple[list[Dataset], NDArray[np.intp]]:
    """The headers of the slices' files, and for each slice the plane of the SEG's array that it is.

    A file of its own for each slice comes in the order of the slices; of a multi-frame file, whose frames may
    come in any order and may hold more than the CT, the planes are the frames.

    Raises:
        NotAnImageError, InputError: a file has gone or is damaged, or the slices are not of one series.
    """
    paths = list(dict.fromkeys(s.path for s in source.slices))
    headers = [_header(path, source.identifiers) for path in paths]
    with reading(paths[0]):
        mend(headers[0])  # objects take over no other header's text
    _require_one_series(headers)
    for header in headers:
        if source.slices[0].frame is None:
            header.ImageOrientationPatient = headers[0].ImageOrientationPatient  # rounded otherwise at most
            measures = header
        else:
            measures = _shared_measures(header, source.slices[0].frame)
        if not measures.get("SliceThickness"):
            measures.SliceThickness = source.slice_distance_mm
    frames = [index if s.frame is None else s.frame for index, s in enumerate(source.slices)]
    return headers, np.array(frames)


def _require_one_series(headers: Sequence[Dataset]) -> None:
    """Raise an InputError unless objects can name each slice, and all of them as one series in one space."""
    for header in headers:
        missing = [name for name in _UIDS if not header.get(name)]
        if missing:
            raise InputError(
                f"Expected slices that a DICOM SEG can refer to, found one without {' and '.join(missing)}.",
                _OTHERWISE,
            )
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        if len({header[name].value for header in headers}) > 1:
            raise InputError(
                f"Expected slices that a DICOM SEG can refer to, found several values of {name} among them.",
                _OTHERWISE,
            )


def _shared_measures(header: Dataset, frame: int) -> Dataset:
    """The pixel measures of a multi-frame file; they and the orientation become what all frames share."""
    if not header.get("SharedFunctionalGroupsSequence"):
        header.SharedFunctionalGroupsSequence = [Dataset()]
    shared = header.SharedFunctionalGroupsSequence[0]
    own = header.PerFrameFunctionalGroupsSequence[frame]
    for name in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        shared[name] = (own if own.get(name) else shared)[name]
    measures: Dataset = shared.PixelMeasuresSequence[0]
    return measures


def _header(path: Path, identifiers: bool) -> Dataset:
    with reading(path):
        header = read_dataset(path, stop_before_pixels=True)
        if not identifiers:
            remove_identity(header)
    for name in _MAY_BE_EMPTY:
        if name not in header:
            setattr(header, name, None)
    if not header.get("FrameOfReferenceUID"):  # then its slices share one of their own
        header.FrameOfReferenceUID = generate_uid(
            entropy_srcs=["frame of reference", header.SeriesInstanceUID]
        )
    return header
