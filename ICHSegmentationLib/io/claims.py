"""What a header claims, held against the bytes there are, before any memory is taken for it."""

from pathlib import Path

from ..errors import GeometryError, InputError, NotAnImageError

LARGEST_BYTES = 1 << 30
"""Of the voxels of a scan as stored: 512 slices of 1024 x 1024 in 16 bits, or 512 of 512 x 512 in 64."""

DEFLATE_RATIO = 1032
"""Deflate packs at most so many bytes into one: two bits stand for up to 258 (zlib's "Technical Details")."""


def require_backed(path: Path, claimed: int, available: int, compressed: bool = False) -> None:
    """Raise unless a file can hold what its header claims, and that is no more than a head CT needs.

    Args:
        claimed: bytes of voxels that the header tells of.
        available: bytes that the file has for them.

    Raises:
        GeometryError: more than :data:`LARGEST_BYTES`.
        NotAnImageError: the file is too short for them.
    """
    if claimed > LARGEST_BYTES:
        raise GeometryError(
            f"Expected at most {LARGEST_BYTES >> 20} MB of voxels, found a header that claims "
            f"{claimed >> 20} MB in {path.name}.",
            "Give a head CT of usual resolution; if it is one, its header is damaged: export the scan again.",
        )
    if claimed > available * (DEFLATE_RATIO if compressed else 1):
        raise NotAnImageError(
            f"Expected {claimed} bytes of voxels in {path.name}, found a file that has only "
            f"{max(available, 0)} for them.",
            "The file is damaged or incomplete: copy it, or export the scan, again.",
        )


def require_plain_file(path: Path) -> None:
    """Raise an :class:`InputError` unless this is a file with an end: no pipe, no device, no broken link."""
    try:
        plain = path.is_file()
    except (OSError, ValueError) as error:  # ValueError: a zero in the name
        raise InputError(
            f"Expected an image file, found a path that is none ({error}).", "Check it."
        ) from error
    if not plain:
        raise InputError(
            f"Expected an image file at {path}, found none there.", "Check the path, and where links lead."
        )
