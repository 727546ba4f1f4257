"""Reads the masks and maps of a run: images of bytes that lie on the scan's own voxels.

``ICHSegmentationLib.io`` reads them too, but loads nibabel for it, which takes the panel's thread 0.4 s of
processor time. Slicer brings no nibabel either, and ITK refuses shear.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import NotAnImageError

from .translation import tr as _

_DIMENSIONS, _DATATYPE, _OFFSET = 40, 70, 108  # bytes of a NIfTI-1 header
_UINT8 = 2


def read_bytes(path: Path) -> NDArray[np.uint8]:
    """``[D, H, W]`` of a ``.nii.gz`` of this project; its place is the scan's.

    Raises:
        NotAnImageError: the file is damaged or something else.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        columns, rows, slices = struct.unpack_from("=3h", content, _DIMENSIONS + 2)
        (datatype,) = struct.unpack_from("=h", content, _DATATYPE)
        (offset,) = struct.unpack_from("=f", content, _OFFSET)
        voxels = np.frombuffer(content, np.uint8, offset=int(offset))
        if datatype != _UINT8:
            raise ValueError("not of bytes")
        return voxels.reshape(slices, rows, columns)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise NotAnImageError(
            _("Expected an image of bytes in {name}, found something else ({reason}).").format(
                name=path.name, reason=error
            ),
            _("Segment the scan again."),
        ) from error
