"""Where unevenly spaced slices lie, as a comment in a NIfTI file: its header can tell of even ones only.

Other programs pass over the comment and take the slices as even.
Format: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h, "extended header".
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError

_COMMENT = 6  # the code of plain text
_TITLE = "ICHSegmentation slice positions, mm:"
_STEP = 16  # bytes; an extension is a multiple of it


def extension_bytes(positions_mm: NDArray[np.float64] | None) -> bytes:
    """What stands between the 348 bytes of the header and the voxels.

    Args:
        positions_mm: ``[D]``, see :class:`ICHSegmentationLib.volume.CTVolume`; None where slices are even.
    """
    if positions_mm is None:
        return bytes(4)
    text = " ".join([_TITLE, *map(repr, positions_mm.tolist())]).encode()
    size = -(-(8 + len(text)) // _STEP) * _STEP
    return struct.pack("=4B2i", 1, 0, 0, 0, size, _COMMENT) + text.ljust(size - 8, b"\0")


def noted_positions(path: Path, header: Any, count: int) -> NDArray[np.float64] | None:
    """``[D]`` slice positions in mm that the file tells of; None where it tells of none.

    Args:
        header: nibabel's, with its extensions.
        count: D, the number of slices.

    Raises:
        GeometryError: they are not one for each slice, rising from 0.
    """
    for extension in header.extensions:
        text = bytes(extension.get_content()) if extension.get_code() == _COMMENT else b""
        if text.startswith(_TITLE.encode()):
            return _positions(path, text[len(_TITLE) :].rstrip(b"\0").decode("ascii", "replace"), count)
    return None


def _positions(path: Path, text: str, count: int) -> NDArray[np.float64]:
    try:
        positions = np.array([float(number) for number in text.split()])
    except ValueError:
        positions = np.empty(0)
    rising = np.isfinite(positions).all() and (np.diff(positions) > 0).all()
    if len(positions) != count or not rising or positions[0] != 0:
        raise GeometryError(
            f"Expected {count} slice positions that rise from 0 in {path.name}, found {text.strip()[:60]!r}.",
            "The file was changed by another program: export the scan again.",
        )
    return positions
