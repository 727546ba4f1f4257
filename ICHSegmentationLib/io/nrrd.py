"""A mask as NRRD, which holds sheared grids and Slicer's names for segments.

Written by hand rather than through ITK, so that the same mask gives the same bytes and a full disk is
noticed. Format: https://teem.sourceforge.net/nrrd/format.html
"""

import gzip

import numpy as np

from ..volume import Volume

_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


def nrrd_bytes(mask: Volume, metadata: dict[str, str]) -> bytes:
    """A mask (values 0..255) and text to go with it as the bytes of a ``.nrrd`` in LPS space."""
    columns, rows, slices, origin = (mask.affine[:3].T * _RAS_TO_LPS).tolist()
    lines = [
        "NRRD0004",
        "type: unsigned char",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(n) for n in mask.voxels.shape[::-1]),
        "space directions: " + " ".join(_vector(axis) for axis in (columns, rows, slices)),
        "kinds: domain domain domain",
        "encoding: gzip",
        f"space origin: {_vector(origin)}",
        *(f"{key}:={value}" for key, value in metadata.items()),
    ]
    header = "\n".join(lines) + "\n\n"
    voxels = np.ascontiguousarray(mask.voxels, dtype=np.uint8)
    return header.encode() + gzip.compress(voxels.tobytes(), compresslevel=1, mtime=0)


def _vector(numbers: list[float]) -> str:
    return "(" + ",".join(repr(number + 0.0) for number in numbers) + ")"
