"""Headers made of lines of text, as NRRD and MetaImage have them, and the voxels behind or beside them.

Read here rather than by ITK: its parsers of both formats trust the header, which may then make them crash,
read any file of the computer as voxels, or return memory that nothing was read into.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAnImageError
from .claims import require_backed, require_plain_file

LARGEST_HEADER = 1 << 20
MOST_AXES = 8

_PIECE = 1 << 20
_ZLIB_OR_GZIP = 47  # window bits with which zlib finds out by itself which of the two it is
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True)
class VoxelFile:
    """Where the voxels stand.

    Attributes:
        offset: byte at which they begin; None where they end with the file.
        compressed: by zlib or gzip, from ``offset`` on.
    """

    path: Path
    offset: int | None
    compressed: bool


def damaged(path: Path, expected: str, found: object) -> NotAnImageError:
    """The error of a header that is not as it should be."""
    return NotAnImageError(
        f"Expected {expected} in {path.name}, found something else or a damaged file ({str(found)!r:.80}).",
        "Export the scan again.",
    )


def header_bytes(path: Path) -> bytes:
    """The beginning of a file, as long as any header may be."""
    with path.open("rb") as file:
        return file.read(LARGEST_HEADER)


class Fields:
    """The fields of a header by their names, each told apart from any other trouble when it is wrong."""

    def __init__(self, path: Path, fields: Mapping[str, str]) -> None:
        self.path = path
        self._fields = fields

    def get(self, *names: str) -> str | None:
        """The first of these fields that is there."""
        return next((self._fields[name] for name in names if name in self._fields), None)

    def text(self, *names: str) -> str:
        value = self.get(*names)
        if not value:
            raise damaged(self.path, f"the field '{names[0]}'", "none")
        return value

    def choice(self, choices: Mapping[str, Any], *names: str, default: str | None = None) -> Any:
        value = (self.get(*names) or default or self.text(*names)).lower()
        if value not in choices:
            raise damaged(self.path, f"'{names[0]}' out of {', '.join(sorted(choices))}", value)
        return choices[value]

    def whole(self, *names: str, default: int | None = None) -> int:
        value = self.get(*names)
        if value is None and default is not None:
            return default
        return self._parsed(self.text(*names), names[0], int, 1)[0]

    def sizes(self, name: str, count: int) -> tuple[int, ...]:
        """Voxels along each axis, the fastest first."""
        return tuple(self._parsed(self.text(name), name, int, count))

    def numbers(self, *names: str, count: int) -> list[float]:
        return self._parsed(self.text(*names), names[0], float, count)

    def axes(self, name: str) -> int:
        """How many axes there are."""
        axes = self.whole(name)
        if not 1 <= axes <= MOST_AXES:
            raise damaged(self.path, f"1 to {MOST_AXES} axes", axes)
        return axes

    def _parsed(self, text: str, name: str, kind: Callable[[str], Any], count: int) -> list[Any]:
        parts = text.split(maxsplit=count)
        try:
            if len(parts) != count or (kind is int and not all(map(_WHOLE_NUMBER.fullmatch, parts))):
                raise ValueError
            return [kind(part) for part in parts]
        except ValueError:
            raise damaged(self.path, f"{count} number{'s' * (count > 1)} as '{name}'", text) from None


def beside(header: Path, name: str) -> Path:
    """The file of voxels that a header names, which must lie beside it.

    Raises:
        NotAnImageError: it names another place, or several files.
    """
    path = header.parent / name
    is_plain_name = name.strip() not in ("", ".", "..") and not set(name) & set("/\\:%\0")
    if not is_plain_name or name.split()[0].upper() == "LIST":
        raise NotAnImageError(
            f"Expected one file beside {header.name} that holds its voxels, found it to name '{name:.80}'.",
            "Save the scan in a single file (.nrrd or .mha), or both files in one folder.",
        )
    require_plain_file(path)
    if path.resolve().parent != header.parent.resolve() and path.is_symlink():
        raise NotAnImageError(
            f"Expected the voxels of {header.name} beside it, found {name} to be a link to another folder.",
            "Copy the file itself there.",
        )
    return path


def read_voxels(
    header: Path, voxels: VoxelFile, sizes: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The voxels as an array whose last axis is the fastest, in the machine's own byte order.

    Args:
        sizes: voxels along each axis, the fastest first, found believable before.

    Raises:
        GeometryError, NotAnImageError: see :func:`.claims.require_backed`.
        NotAnImageError: the compressed bytes are damaged.
    """
    claimed = int(np.prod([int(n) for n in sizes], dtype=object)) * dtype.itemsize
    length = voxels.path.stat().st_size
    offset = length - claimed if voxels.offset is None else voxels.offset
    require_backed(header, claimed, length - offset if offset >= 0 else 0, voxels.compressed)
    content = np.empty(claimed, dtype=np.uint8)
    with voxels.path.open("rb") as file:
        file.seek(offset)
        try:
            filled = _inflate(file, content) if voxels.compressed else file.readinto(content.data)
        except zlib.error as error:
            raise damaged(header, "compressed voxels", error) from error
    if filled != claimed:
        raise damaged(header, f"{claimed} bytes of voxels", f"{filled} bytes")
    array = content.view(dtype).reshape(sizes[::-1])
    return array.astype(dtype.newbyteorder("="), copy=False)


def _inflate(file: IO[bytes], target: NDArray[np.uint8]) -> int:
    """Fill ``target`` with what the file unpacks to, and tell how far it got; what comes after is left."""
    filled = 0
    for piece in _unpacked(file):
        kept = min(len(piece), len(target) - filled)
        target[filled : filled + kept] = np.frombuffer(piece, np.uint8, kept)
        filled += kept
        if kept < len(piece):
            break
    return filled


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """The unpacked bytes, piece by piece; checksums are looked at where their parts end."""
    unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
    packed = file.read(_PIECE)
    while packed:
        yield unpacker.decompress(packed, _PIECE)
        packed = unpacker.unconsumed_tail
        if unpacker.eof:  # a gzip may have several parts
            packed, unpacker = unpacker.unused_data, zlib.decompressobj(_ZLIB_OR_GZIP)
        packed = packed or file.read(_PIECE)
    yield unpacker.flush()
