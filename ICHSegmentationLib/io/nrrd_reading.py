"""Read a NRRD. Format: https://teem.sourceforge.net/nrrd/format.html"""

import re
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

_MAGIC = re.compile(rb"NRRD000[1-6]\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_VECTOR = re.compile(r"\(([^()]{1,200})\)|none", re.IGNORECASE)

_TYPES = {
    name: np.dtype(kind)
    for kind, names in {
        "i1": "signed char, int8, int8_t",
        "u1": "uchar, unsigned char, uint8, uint8_t",
        "i2": "short, short int, signed short, signed short int, int16, int16_t",
        "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
        "i4": "int, signed int, int32, int32_t",
        "u4": "uint, unsigned int, uint32, uint32_t",
        "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
        "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(", ")
}
_COMPRESSED = {"raw": False, "gzip": True, "gz": True}
_BYTE_ORDERS = {"little": "<", "big": ">"}
_UNPLACED = ("", "scanner-xyz", "3d-right-handed", "3d-left-handed")
_RAS_SIGNS = {
    name: signs
    for names, signs in {
        ("right-anterior-superior", "ras"): (1, 1, 1),
        ("left-anterior-superior", "las"): (-1, 1, 1),
        ("left-posterior-superior", "lps"): (-1, -1, 1),
        # Axes that nobody placed in the patient; taken as LPS, with a warning.
        _UNPLACED: (-1, -1, 1),
    }.items()
    for name in names
}
_SPATIAL_KINDS = ("domain", "space", "none", "???")


def read_nrrd(path: Path) -> StoredImage:
    """Read a ``.nrrd``, or a ``.nhdr`` with its voxels in one file beside it; raw or gzip.

    A fourth axis of length 1 is dropped. Where a Slicer segmentation has layers they are the last axis of the
    values.

    Raises:
        NotAnImageError: the content is damaged or something else.
        NotThreeDimensionalError, GeometryError, NotHounsfieldError: see :mod:`.stored_image`.
    """
    fields, metadata, end = _header(path)
    axes = fields.axes("dimension")
    sizes = fields.sizes("sizes", axes)
    directions = _directions(fields, axes)
    layers = _layer_axis(fields, directions, axes)
    if layers is None:
        sizes = without_frame_axes(sizes)
    volume = [axis for axis in range(len(sizes)) if axis != layers]
    if layers is not None and sizes[layers] > 1 and "Segment0_ID" not in metadata:
        raise colours_error(path)
    require_volume(path, [sizes[axis] for axis in volume])
    affine = _affine(fields, directions, volume)
    require_believable_grid(path, affine)
    values = read_voxels(path, _voxel_file(path, fields, end), sizes, _dtype(fields))
    if layers is not None:
        values = np.moveaxis(values, axes - 1 - layers, -1)
        values = values if values.shape[-1] > 1 else values[..., 0]
    return StoredImage(
        np.ascontiguousarray(values), affine, metadata=metadata, warnings=_warnings(fields, directions)
    )


def voxel_files(path: Path) -> list[Path]:
    """The header and, where it is another, the file with the voxels."""
    fields, _, _ = _header(path)
    name = fields.get("datafile")
    return [path, beside(path, name)] if name else [path]


def _header(path: Path) -> tuple[Fields, dict[str, str], int]:
    """The fields, the text under keys of other programs, and where the header ends."""
    content = header_bytes(path)
    magic = _MAGIC.match(content)
    if magic is None:
        raise damaged(path, "a NRRD image", content[:20])
    end = _END.search(content, magic.end() - 2)
    lines = content[magic.end() : end.start() if end else None].decode("utf-8", "replace").splitlines()
    fields: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for line in lines:
        key, separator, value = line.partition(":")
        if line.startswith("#") or not line:
            continue
        if value.startswith("="):
            metadata[key] = value[1:].replace("\\n", "\n").replace("\\\\", "\\")
            continue
        name = key.lower().replace(" ", "")
        if not separator or name in fields:
            raise damaged(path, "one line for each field", line)
        fields[name] = value.strip()
    if end is None and "datafile" not in fields:
        raise damaged(path, "a header that ends with an empty line", f"{len(lines)} lines without one")
    return Fields(path, fields), metadata, end.end() if end else len(content)


def _dtype(fields: Fields) -> np.dtype[Any]:
    dtype = fields.choice(_TYPES, "type")
    if dtype.itemsize == 1:
        return dtype
    return dtype.newbyteorder(fields.choice(_BYTE_ORDERS, "endian"))


def _voxel_file(path: Path, fields: Fields, end: int) -> VoxelFile:
    compressed = fields.choice(_COMPRESSED, "encoding")
    skipped = fields.whole("byteskip", default=0)
    if fields.whole("lineskip", default=0) or skipped < (0 if compressed else -1) or (compressed and skipped):
        raise damaged(path, "voxels that follow the header", "lines or bytes to be skipped")
    name = fields.get("datafile")
    if name is not None:
        return VoxelFile(beside(path, name), skipped if skipped >= 0 else None, compressed)
    return VoxelFile(path, end + skipped if skipped >= 0 else None, compressed)


def _directions(fields: Fields, axes: int) -> list[NDArray[np.float64] | None] | None:
    """``[3]`` for each axis, in the file's own space; None for an axis that is not one of space."""
    text = fields.get("spacedirections")
    if text is None:
        return None
    found = [match[1] for match in _VECTOR.finditer(text)]
    if len(found) != axes:
        raise damaged(fields.path, f"a direction for each of {axes} axes", text)
    vectors = [None if numbers is None else _vector(fields, numbers) for numbers in found]
    return [None if vector is None or np.isnan(vector).all() else vector for vector in vectors]


def _vector(fields: Fields, text: str) -> NDArray[np.float64]:
    """``[3]`` of a vector that may have more dimensions, such as time."""
    dimensions = fields.whole("spacedimension", default=3)
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != dimensions or dimensions < 3:
        raise damaged(fields.path, f"{max(dimensions, 3)} numbers", text)
    return np.array(numbers[:3])


def _layer_axis(fields: Fields, directions: list[NDArray[np.float64] | None] | None, axes: int) -> int | None:
    """The axis that is none of space, of four."""
    if axes != 4:
        return None
    kinds = (fields.get("kinds") or "").lower().split()
    for axis in range(axes):
        kind = kinds[axis] if len(kinds) == axes else "none"
        if (directions and directions[axis] is None) or kind not in _SPATIAL_KINDS:
            return axis
    return None


def _affine(
    fields: Fields, directions: list[NDArray[np.float64] | None] | None, volume: list[int]
) -> NDArray[np.float64]:
    """The affine (RAS) of the directions of the volume's three axes, or of nothing but spacings."""
    path, affine = fields.path, np.eye(4)
    if directions is not None:
        vectors = [vector for axis in volume if (vector := directions[axis]) is not None]
        if len(vectors) != 3:
            raise damaged(path, "three directions", fields.get("spacedirections"))
        affine[:3, :3] = np.column_stack(vectors)
        origin = fields.get("spaceorigin")
        affine[:3, 3] = _vector(fields, origin.strip("() ")) if origin else 0
    else:
        spacings = (fields.get("spacings") or "").split()
        if len(spacings) != fields.axes("dimension"):
            raise GeometryError(
                f"Expected the distance between voxels in {path.name}, found a header without it.",
                "Export the scan again, with its spacing.",
            )
        numbers = " ".join(spacings[axis] for axis in volume)
        spacing = Fields(path, {"spacings": numbers}).numbers("spacings", count=3)
        require_positive_spacing(path, spacing)
        affine[:3, :3] = np.diag(spacing)
    signs = fields.choice(_RAS_SIGNS, "space", default="") if fields.get("space") else _RAS_SIGNS[""]
    return np.diag([*signs, 1.0]) @ affine


def _warnings(fields: Fields, directions: object) -> tuple[str, ...]:
    if directions is None or (fields.get("space") or "").lower() in _UNPLACED:
        return ("The NRRD header says nothing of the scan's orientation: left and right may be exchanged.",)
    return ()
