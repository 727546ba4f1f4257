"""Compressed slices: how large they are by their own headers, before anything unpacks them.

Decoders take memory for what a compressed picture says of itself, whatever the DICOM header says.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes

from ..errors import NotAnImageError

Size: TypeAlias = tuple[int, int, int]

# ISO/IEC 15444-15 (high throughput) keeps the main header of JPEG 2000, A.5 of 15444-1.
_J2K = {*JPEG2000TransferSyntaxes, *(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203))}
_JPEG = {*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes}

_J2K_START = b"\xff\x4f\xff\x51"
_SOFS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""Start of frame: JPEG (ISO/IEC 10918-1, table B.1) and JPEG-LS (14495-1, C.1.1)."""

_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers that no segment follows."""


def require_declared_size(dataset: Dataset, path: Path) -> None:
    """Raise unless every compressed frame has the rows, columns and samples that the DICOM header tells.

    RLE is left to its decoder, which unpacks no more than the header tells.

    Raises:
        NotAnImageError: one differs.
        ValueError, struct.error: one is damaged; to be used within :func:`.dicom_slices.reading`.
    """
    size_of = _size_reader(dataset.file_meta.TransferSyntaxUID)
    if size_of is None:
        return
    expected = (int(dataset.Rows), int(dataset.Columns), int(dataset.get("SamplesPerPixel", 1)))
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames):
        if (found := size_of(frame)) != expected:
            raise NotAnImageError(
                f"Expected compressed slices of {_said(expected)} in {path.name}, found {_said(found)}.",
                "The file is damaged: export the scan again.",
            )


def _size_reader(syntax: UID) -> Callable[[bytes], Size] | None:
    if syntax in _JPEG:
        return jpeg_size
    return j2k_size if syntax in _J2K else None


def jpeg_size(stream: bytes) -> Size:
    """Rows, columns and samples of a JPEG or JPEG-LS picture, by its start of frame.

    Raises:
        ValueError, struct.error: there is none.
    """
    for marker, at in _segments(stream):
        if marker in _SOFS:
            _, rows, columns, samples = struct.unpack_from(">BHHB", stream, at)
            return rows, columns, samples
    raise ValueError("a JPEG without a start of frame")


def j2k_size(stream: bytes) -> Size:
    """Rows, columns and samples of a JPEG 2000 picture, by its first segment (SIZ).

    Raises:
        ValueError, struct.error: there is none.
    """
    start = stream.find(_J2K_START)  # a file format may stand around the picture
    if start < 0:
        raise ValueError("a JPEG 2000 picture without a beginning")
    right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
    (samples,) = struct.unpack_from(">H", stream, start + 40)
    return bottom - top, right - left, samples


def _segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG before its first scan, with the place of what follows their lengths."""
    if not stream.startswith(b"\xff\xd8"):
        raise ValueError("a JPEG without a beginning")
    at = 2
    while at + 4 <= len(stream):
        if stream[at] != 0xFF:
            raise ValueError("a damaged JPEG")
        marker = stream[at + 1]
        if marker == 0xFF:  # a marker may be filled up in front
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            yield marker, at + 4
            (length,) = struct.unpack_from(">H", stream, at + 2)
            at += 2 + max(2, length)


def _said(size: Size) -> str:
    rows, columns, samples = size
    return f"{rows} x {columns} pixels" + (f" of {samples} samples" if samples != 1 else "")
