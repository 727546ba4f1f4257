"""A NIfTI header as it stands in the file, looked at before nibabel mends what it can and trusts the rest."""

import gzip
import math
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from ..errors import GeometryError, NotAnImageError
from .claims import require_backed
from .nifti_forms import require_one_size
from .stored_image import is_flat, require_positive_spacing, require_volume, without_frame_axes

_KINDS = (nib.Nifti1Header, nib.Nifti2Header)
_FURTHEST = 16 << 20
"""Byte at which voxels may begin: what stands before them are a few notes of other programs."""


def sound_header(path: Path) -> Any:
    """The header of a ``.nii`` or ``.nii.gz`` that tells of one volume, which the file can hold.

    Raises:
        NotAnImageError: it is no NIfTI header, or tells of more than there is.
        NotThreeDimensionalError, GeometryError: see :mod:`.stored_image` and :mod:`.claims`.
        OSError, EOFError, zlib.error: the file is damaged.
    """
    header = _raw_header(path)
    axes = int(header["dim"][0])
    if not 1 <= axes <= 7:
        raise _damaged(path, f"1 to 7 axes, found {axes}")
    shape = without_frame_axes([int(n) for n in header["dim"][1 : axes + 1]])
    require_volume(path, shape)
    offset = _offset(path, header)
    compressed = _is_compressed(path)
    available = path.stat().st_size - (0 if compressed else offset)
    require_backed(path, math.prod(shape) * _bytes_a_voxel(path, header), available, compressed)
    _require_place(path, header)
    return header


def unpacked(path: Path) -> BufferedIOBase:
    """The file's content, unpacked; endings count in upper and lower case, which they do not for nibabel."""
    return gzip.open(path) if _is_compressed(path) else path.open("rb")


def _is_compressed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def _raw_header(path: Path) -> Any:
    with unpacked(path) as file:
        content = file.read(max(kind.sizeof_hdr for kind in _KINDS))
    for kind in _KINDS:
        size = kind.sizeof_hdr
        if len(content) >= size:
            header = kind(content[:size], check=False)
            if int(header["sizeof_hdr"]) == size:
                return header
    raise _damaged(path, f"a NIfTI header, found {content[:16]!r}")


def _bytes_a_voxel(path: Path, header: Any) -> int:
    try:
        return int(header.get_data_dtype().itemsize)
    except (KeyError, HeaderDataError):
        raise _damaged(path, f"a known type of numbers, found code {int(header['datatype'])}") from None


def _offset(path: Path, header: Any) -> int:
    """Byte at which the voxels begin; 0 means right behind the header."""
    offset, first = float(header["vox_offset"]), int(header.single_vox_offset)
    if offset == 0:
        return first
    if not first <= offset <= _FURTHEST:  # NaN is not, either
        raise _damaged(path, f"voxels that begin at byte {first} to {_FURTHEST}, found {offset:g}")
    return int(offset)


def _require_place(path: Path, header: Any) -> None:
    """Raise unless one of the header's three ways tells where the voxels lie, and no other one denies it."""
    if header["sform_code"] > 0:
        sform = header.get_sform()
        if not np.isfinite(sform).all():
            raise GeometryError(
                f"Expected finite numbers in the sform of {path.name}, found {sform[:3].tolist()}.",
                "The file's header is damaged: export the scan again.",
            )
        if not is_flat(sform):
            require_one_size(path, header, sform)
            return
    require_positive_spacing(path, [float(mm) for mm in header["pixdim"][1:4]])


def _damaged(path: Path, found: str) -> NotAnImageError:
    return NotAnImageError(
        f"Expected in {path.name} {found}: something else or a damaged file.", "Export the scan again."
    )
