"""DICOM headers to slices: one object a slice, whether it has a file of its own or is a frame of one."""

import logging
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from ..errors import InputError, NotAnImageError
from .careful_file import CarefulFile
from .dicom_bare import is_bare, tell_syntax

_log = logging.getLogger(__name__)

_CTS = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
_DAMAGED = (
    OSError, EOFError, AttributeError, KeyError, ValueError, RuntimeError, BytesLengthException,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Slice:
    """What the header says of one slice.

    Attributes:
        series_number: as people know the series; empty where it has none. Not its description, in which names
            may stand: it is told in errors, which go into logs.
        frame: index in a multi-frame file; None where the slice has a file of its own.
        position: ``[3]`` centre of the first pixel, LPS mm.
        axes: ``[2, 3]`` unit directions in which columns and rows are counted, LPS.
        pixel_spacing: distance in mm between rows and between columns, in DICOM's order.
        thickness: mm; only used where there is no second slice to measure to.
    """

    path: Path
    frame: int | None
    sop_uid: str
    series_uid: str
    series_number: str
    shape: tuple[int, int]
    position: NDArray[np.float64]
    axes: NDArray[np.float64]
    pixel_spacing: tuple[float, float]
    thickness: float | None
    slope: float
    intercept: float
    rescale_type: str
    has_rescale: bool
    is_localizer: bool

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(self.axes[0], self.axes[1])


@dataclass(frozen=True)
class Headers:
    """What a folder holds: slices of CT, and how many images of another kind.

    Attributes:
        unplaced: CT images without a position, an orientation or a pixel spacing, or in colours.
        others: number of images of each modality that is not CT.
        files: number of DICOM files, images or not.
    """

    slices: tuple[Slice, ...]
    unplaced: int
    others: Counter[str]
    files: int


def read_headers(paths: list[Path]) -> Headers:
    """Read the headers of all DICOM files among ``paths``; other files are ignored.

    Raises:
        NotAnImageError: a DICOM file is damaged.
    """
    slices: list[Slice] = []
    others: Counter[str] = Counter()
    unplaced = files = 0
    for path in paths:
        with reading(path):
            header = _read_header(path)
            if header is None:
                continue
            files += 1
            modality = str(header.get("Modality", "") or "unknown")
            if "Rows" not in header:  # a directory, a report, a presentation state, a registration
                _require_no_ct(header)
                continue
            if modality != "CT":
                others[modality] += 1
                continue
            try:
                slices += _slices(path, header)
            except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
                _log.debug("%s holds no placed slice: %s", path, error)
                unplaced += 1
    return Headers(tuple(slices), unplaced, others, files)


def read_dataset(path: Path, stop_before_pixels: bool = False, tags: list[str] | None = None) -> Dataset:
    """What a DICOM file holds, without trusting the lengths that it tells; to be used within :func:`reading`.

    It may lack its preamble, see :mod:`.dicom_bare`; its transfer syntax is told all the same.

    Args:
        tags: the elements to read; None reads all.

    Raises:
        InvalidDicomError: it is no DICOM file.
        NotAnImageError: it is deflated, and unpacks to too much.
        OSError, and whatever else pydicom raises on a damaged file.
    """
    with CarefulFile(path) as file:
        bare = is_bare(file.peek())
        dataset = pydicom.dcmread(file, stop_before_pixels=stop_before_pixels, specific_tags=tags, force=bare)
    if bare:
        tell_syntax(dataset)
    return dataset


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pydicom raises on a damaged file, at once or when an element is looked at, into our error."""
    try:
        yield
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Allow reading it.") from error
    except _DAMAGED as error:
        raise NotAnImageError(
            f"Expected a DICOM image in {path.name}, found a damaged file ({error}).",
            "Export the scan again.",
        ) from error


def _read_header(path: Path) -> Dataset | None:
    try:
        return read_dataset(path, stop_before_pixels=True)
    except InvalidDicomError:
        return None


def _require_no_ct(header: Dataset) -> None:
    """pydicom takes a file that ends within its header for a whole one; a CT without rows is such a part."""
    kind = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    if header.get("Modality", "CT") == "CT" and kind in (None, *_CTS):
        raise EOFError("a CT image that ends within its header")


def _slices(path: Path, header: Dataset) -> Iterator[Slice]:
    if int(header.get("SamplesPerPixel", 1)) != 1:
        raise ValueError("colours")
    if "PerFrameFunctionalGroupsSequence" not in header:
        if int(header.get("NumberOfFrames", 1) or 1) > 1:
            raise ValueError("several frames without positions")
        yield _slice(path, None, header, *[header] * 5)  # one level holds what groups hold elsewhere
        return
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    for index, frame in enumerate(header.PerFrameFunctionalGroupsSequence):
        yield _slice(
            path,
            index,
            header,
            position=functional_group("PlanePositionSequence", frame, shared),
            orientation=functional_group("PlaneOrientationSequence", frame, shared),
            measures=functional_group("PixelMeasuresSequence", frame, shared),
            rescale=functional_group("PixelValueTransformationSequence", frame, shared, Dataset()),
            kind=functional_group("CTImageFrameTypeSequence", frame, shared, Dataset()),
        )


def functional_group(name: str, frame: Dataset, shared: Dataset, default: Dataset | None = None) -> Dataset:
    """A functional group macro of a frame: its own, else the one shared by all frames."""
    for groups in (frame, shared):
        if groups.get(name):
            return groups[name].value[0]
    if default is None:
        raise KeyError(name)
    return default


def _slice(
    path: Path, frame: int | None, header: Dataset,
    position: Dataset, orientation: Dataset, measures: Dataset, rescale: Dataset, kind: Dataset,
) -> Slice:  # fmt: skip
    axes = _numbers(orientation.ImageOrientationPatient, 6).reshape(2, 3)
    rows, columns = _numbers(measures.PixelSpacing, 2)
    image_type = f"{header.get('ImageType')} {kind.get('FrameType')}"
    return Slice(
        path=path,
        frame=frame,
        sop_uid=str(header.get("SOPInstanceUID", path)),
        series_uid=str(header.get("SeriesInstanceUID", "")),
        series_number=str(header.get("SeriesNumber", "") or ""),
        shape=(int(header.Rows), int(header.Columns)),
        position=_numbers(position.ImagePositionPatient, 3),
        axes=axes,
        pixel_spacing=(float(rows), float(columns)),
        thickness=_optional(measures.get("SliceThickness")),
        slope=_optional(rescale.get("RescaleSlope"), 1.0),
        intercept=_optional(rescale.get("RescaleIntercept"), 0.0),
        rescale_type=str(rescale.get("RescaleType", "") or "").upper(),
        has_rescale="RescaleSlope" in rescale,
        is_localizer="LOCALIZER" in image_type,
    )


def _numbers(values: Any, count: int) -> NDArray[np.float64]:
    numbers = np.array([float(value) for value in values])
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {count} numbers, found {values}")
    return numbers


def _optional(value: Any, default: Any = None) -> Any:
    return default if value in (None, "") else float(value)
