"""Scans that were published as grey pictures: one a slice of a brain window, and one of a bone window."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ICHSegmentationLib.errors import GeometryError, InputError, NotAnImageError
from ICHSegmentationLib.volume import CTVolume, Volume

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")

BRAIN_WINDOW, BONE_WINDOW = (40.0, 120.0), (700.0, 3200.0)
"""Level and width (HU) in which CT-ICH was exported (its README)."""

_WHITE = 255
_CLIPPED = 2  # JPEG strays by so much from black and white
_DRAWN = 128  # JPEG blurs the black and white of a mask; above this it was white


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS


def read_pictures(files: Sequence[Path], spacing_mm: tuple[float, float, float]) -> CTVolume:
    """Pictures of the brain window, from the lowest slice to the highest, as HU.

    What is black or white in them lies at -20 HU or below, or at 100 HU or above: how far tells the picture
    of the bone window with the same name in the folder ``bone`` beside, in steps of 12.5 HU, where there is
    one. Each picture shows the patient from below: its left side is the patient's right, its top is anterior.

    Args:
        files: one a slice.
        spacing_mm: of slices, rows, columns; the pictures carry none.

    Raises:
        GeometryError: the pictures differ in size.
        NotAnImageError: a file is damaged.
    """
    hu = _stack([_slice(file) for file in files], files)
    slices, rows, columns = spacing_mm
    return CTVolume(hu, np.diag([-columns, -rows, slices, 1.0]))


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


def _slice(file: Path) -> NDArray[np.int16]:
    """``[H, W]`` HU of one slice."""
    grey = _grey(file)
    hu = _hu(grey, BRAIN_WINDOW)
    bone = file.parent.parent / "bone" / file.name
    if bone.is_file():
        wide = _grey(bone)
        if wide.shape != grey.shape:
            raise GeometryError(
                f"Expected {bone.name} to have {grey.shape} pixels in both windows, found {wide.shape}."
            )
        lowest, highest = hu <= _hu(_CLIPPED, BRAIN_WINDOW), hu >= _hu(_WHITE - _CLIPPED, BRAIN_WINDOW)
        beyond = _hu(wide, BONE_WINDOW)
        hu = np.where(lowest, np.minimum(hu, beyond), np.where(highest, np.maximum(hu, beyond), hu))
    return np.rint(hu).astype(np.int16)


def _hu(grey: Any, window: tuple[float, float]) -> Any:
    level, width = window
    return level - width / 2 + np.asarray(grey, dtype=np.float64) * (width / _WHITE)


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
