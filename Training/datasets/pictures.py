"""Scans that were published as grey pictures of a brain window, one a slice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ICHSegmentationLib.errors import GeometryError, InputError, NotAnImageError
from ICHSegmentationLib.volume import CTVolume, Volume

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")

LEVEL_HU, WIDTH_HU = 40.0, 120.0
"""Of the brain window in which CT-ICH was exported (its README, release 1.0.0)."""

_WHITE = 255
_DRAWN = 128  # JPEG blurs the black and white of a mask; above this it was white


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS


def read_pictures(files: Sequence[Path], spacing_mm: tuple[float, float, float]) -> CTVolume:
    """Pictures of the brain window, from the lowest slice to the highest, as HU in -20..100.

    Each picture shows the patient from below: its left side is the patient's right, its top is anterior.

    Args:
        files: one a slice.
        spacing_mm: of slices, rows, columns; the pictures carry none.

    Raises:
        GeometryError: the pictures differ in size.
        NotAnImageError: a file is damaged.
    """
    grey = _stack([_grey(file) for file in files], files)
    hu = LEVEL_HU - WIDTH_HU / 2 + grey.astype(np.float32) * (WIDTH_HU / _WHITE)
    slices, rows, columns = spacing_mm
    affine = np.diag([-columns, -rows, slices, 1.0])
    return CTVolume(np.rint(hu).astype(np.int16), affine)


def read_picture_masks(files: Sequence[Path | None], value: int, ct: Volume) -> NDArray[np.uint8]:
    """``[D, H, W]``: ``value`` where a mask is white; slices without a mask are empty.

    Raises:
        GeometryError: a mask differs in size from its slice, or there is not one entry a slice.
        NotAnImageError: a file is damaged.
    """
    if len(files) != len(ct.voxels):
        raise GeometryError(f"Expected one mask a slice ({len(ct.voxels)}), found {len(files)}.")
    mask = np.zeros(ct.voxels.shape, np.uint8)
    for plane, file in zip(mask, files, strict=True):
        if file is None:
            continue
        grey = _grey(file)
        if grey.shape != plane.shape:
            raise GeometryError(
                f"Expected a mask of {plane.shape} pixels like its slice, found {grey.shape} in {file.name}."
            )
        plane[grey > _DRAWN] = value
    return mask


def _grey(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L"))
    except FileNotFoundError as error:
        raise InputError(f"Expected a picture at {path}, found none there.", "Check the path.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise NotAnImageError(
            f"Expected a picture in {path.name}, found a damaged file ({error}).", "Download it again."
        ) from error


def _stack(planes: Sequence[NDArray[Any]], files: Sequence[Path]) -> NDArray[Any]:
    for plane, file in zip(planes, files, strict=True):
        if plane.shape != planes[0].shape:
            raise GeometryError(
                f"Expected slices of one size, found {planes[0].shape} and {plane.shape} ({file.name}).",
                "Leave the odd one out, or scale it to the others' size.",
            )
    return np.stack(planes)
