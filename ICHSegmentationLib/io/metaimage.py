"""Read a MetaImage. Format: https://itk.org/Wiki/ITK/MetaIO/Documentation"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .stored_image import (
    StoredImage,
    colours_error,
    require_believable_grid,
    require_positive_spacing,
    require_volume,
    without_frame_axes,
)
from .text_header import Fields, VoxelFile, beside, damaged, header_bytes, read_voxels

_TYPES = {
    f"met_{name}": np.dtype(kind)
    for name, kind in {
        "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
        "long": "i4", "ulong": "u4", "long_long": "i8", "ulong_long": "u8", "float": "f4", "double": "f8",
    }.items()
}  # fmt: skip
_YES_OR_NO = {"true": True, "false": False, "1": True, "0": False}
_LAST = "elementdatafile"
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_metaimage(path: Path) -> StoredImage:
    """Read a ``.mha``, or a ``.mhd`` with its voxels in one file beside it; a fourth axis of 1 is dropped.

    Raises:
        NotAnImageError: the content is damaged or something else.
        NotThreeDimensionalError, GeometryError, NotHounsfieldError: see :mod:`.stored_image`.
    """
    fields, end = _header(path)
    axes = fields.axes("ndims")
    sizes = without_frame_axes(fields.sizes("dimsize", axes))
    channels = fields.whole("elementnumberofchannels", default=1)
    if channels != 1:
        raise colours_error(path)
    require_volume(path, sizes)
    affine = _affine(fields, axes)
    require_believable_grid(path, affine)
    values = read_voxels(path, _voxel_file(path, fields, end), sizes, _dtype(fields))
    return StoredImage(values, affine)


def voxel_files(path: Path) -> list[Path]:
    """The header and, where it is another, the file with the voxels."""
    fields, _ = _header(path)
    name = fields.text(_LAST)
    return [path] if name.upper() == "LOCAL" else [path, beside(path, name)]


def _header(path: Path) -> tuple[Fields, int]:
    """The fields, and where the header ends: behind the one that tells where the voxels are."""
    content = header_bytes(path)
    fields: dict[str, str] = {}
    start = 0
    while _LAST not in fields:
        end = content.find(b"\n", start) + 1 or len(content)
        key, separator, value = content[start:end].decode("utf-8", "replace").partition("=")
        if not separator:
            raise damaged(path, "a MetaImage", content[start : start + 20])
        fields[key.strip().lower()] = value.strip()
        start = end
    kind = fields.get("objecttype", "image").lower()
    if kind != "image":
        raise damaged(path, "a MetaImage of the object type 'Image'", kind)
    return Fields(path, fields), start


def _dtype(fields: Fields) -> np.dtype[Any]:
    big = fields.choice(_YES_OR_NO, "binarydatabyteordermsb", "elementbyteordermsb", default="false")
    return fields.choice(_TYPES, "elementtype").newbyteorder(">" if big else "<")


def _voxel_file(path: Path, fields: Fields, end: int) -> VoxelFile:
    if not fields.choice(_YES_OR_NO, "binarydata", default="true"):
        raise damaged(path, "voxels in binary form", "voxels in text")
    compressed = fields.choice(_YES_OR_NO, "compresseddata", default="false")
    name = fields.text(_LAST)
    local = name.upper() == "LOCAL"
    file = path if local else beside(path, name)
    start = fields.whole("headersize", default=0)
    if start < (0 if compressed else -1):
        raise damaged(path, "a 'HeaderSize' of at least -1", start)
    offset = None if start < 0 else start or (end if local else 0)
    packed = fields.whole("compresseddatasize", default=0)
    if compressed and not 0 <= packed <= file.stat().st_size - (offset or 0):
        raise damaged(path, "as many compressed bytes as the header tells of", packed)
    return VoxelFile(file, offset, compressed)


def _affine(fields: Fields, axes: int) -> NDArray[np.float64]:
    """The affine (RAS) of the first three axes."""
    if fields.get("elementspacing", "elementsize") is None:
        raise GeometryError(
            f"Expected the distance between voxels in {fields.path.name}, found a header without it.",
            "Export the scan again, with its spacing.",
        )
    spacing = fields.numbers("elementspacing", "elementsize", count=axes)[:3]
    require_positive_spacing(fields.path, spacing)
    affine = np.eye(4)
    if fields.get("transformmatrix", "rotation", "orientation"):
        # One axis after the other.
        directions = fields.numbers("transformmatrix", "rotation", "orientation", count=axes * axes)
        affine[:3, :3] = np.reshape(directions, (axes, axes))[:3, :3].T
    affine[:3, :3] *= spacing
    if fields.get("offset", "position", "origin"):
        affine[:3, 3] = fields.numbers("offset", "position", "origin", count=axes)[:3]
    return _LPS_TO_RAS @ affine
