"""A DICOM file that is read without taking more memory than its bytes can fill."""

import io
import zlib
from pathlib import Path

from ..errors import NotAnImageError

LARGEST_UNPACKED = 256 << 20
"""Bytes that a deflated file may unpack to: a slice of 1024 x 1024 pixels takes a hundredth of it."""

_LONG = 1 << 16
_PIECE = 1 << 20


class CarefulFile(io.BufferedReader):
    """For pydicom, which asks for as many bytes as a value says it is long, up to 4 GB, whatever is there;
    and which unpacks the whole rest of a deflated file (PS3.5, A.5) at once."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(str(path)))  # pydicom wants its name as text
        self._name, self._length = path.name, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file does.

        Raises:
            NotAnImageError: all that is left is asked for, and unpacks to too much.
        """
        if size is None or size < 0:
            content = super().read()
            self._require_small(content)
            return content
        if size > _LONG:
            size = min(size, max(0, self._length - self.tell()))
        return super().read(size)

    def _require_small(self, content: bytes) -> None:
        unpacker, unpacked, packed = zlib.decompressobj(-zlib.MAX_WBITS), 0, content
        while packed:
            unpacked += len(unpacker.decompress(packed, _PIECE))
            packed = unpacker.unconsumed_tail
            if unpacked > LARGEST_UNPACKED:
                raise NotAnImageError(
                    f"Expected at most {LARGEST_UNPACKED >> 20} MB in the deflated {self._name}, found more.",
                    "Export the scan again, not deflated.",
                )
