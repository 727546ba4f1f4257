"""What the detector sees: slices through three windows, from below upward, and the way back to the scan.

Al Fahim, "Detection, Classification, and Segmentation of Intracranial Haemorrhages", section III.B.2:
brain, subdural and soft-tissue window as three channels, 256 x 256 by linear interpolation, a fixed mean and
standard deviation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..volume import Volume
from .orientation import Reorientation
from .resizing import resized
from .windows import window

Array = NDArray[np.float32]

WINDOWS = ((40.0, 80.0), (80.0, 200.0), (40.0, 380.0))
"""Level and width in HU of the brain, subdural and soft-tissue window (section III.B.2)."""

MEAN = (0.1738, 0.1433, 0.1970)
STD = (0.3161, 0.2850, 0.3111)
"""Of the windows as 0..1 (section III.B.2)."""

SIZE = 256
THICKNESS_MM = 5.0
"""About as thick as the slices of the RSNA challenge, on which the paper's network was trained: 28 to 40 a
head (section III.B.1)."""


@dataclass(frozen=True)
class DetectorSlices:
    """A scan as the detector sees it.

    Slices thinner than the detector's are averaged in slabs of a whole number of slices. Slices that show
    nothing at all (air, padding) have no image.

    Attributes:
        images: ``[S, 3, size, size]`` normalised windows from inferior to superior, rows from anterior to
            posterior, columns from the patient's right to left.
        image_of_slice: ``[D]`` for each slice of the scan, in the scan's own order, the image it went into;
            -1 where it has none.
        reorientation: from the scan's own order to that of the images.
        inset: rows and columns of an image that the slice covers, first and last; air lies around.
    """

    images: Array
    image_of_slice: NDArray[np.intp]
    reorientation: Reorientation
    inset: tuple[tuple[int, int], tuple[int, int]]

    def of_slices(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values ``[S, ...]`` of the images as values ``[D, ...]`` of the scan's own slices, in its order;
        0 for slices without an image."""
        found = np.zeros((len(self.image_of_slice), *values.shape[1:]), values.dtype)
        shown = self.image_of_slice >= 0
        found[shown] = values[self.image_of_slice[shown]]
        return found

    def on_grid(self, maps: Array) -> Array:
        """Maps ``[S, h, w]`` of any resolution over the images on the scan's grid ``[D, H, W]``, linearly
        interpolated; 0 without an image."""
        (top, bottom), (left, right) = self.inset
        canonical = self.reorientation.grid.shape
        order = -1 if self.reorientation.flipped[0] else 1
        found = np.zeros(canonical, np.float32)
        for plane, image in zip(found, self.image_of_slice[::order], strict=True):
            if image >= 0:
                whole = resized(maps[image], (self.images.shape[2], self.images.shape[3]))
                plane[:] = resized(whole[top:bottom, left:right], (canonical[1], canonical[2]))
        return self.reorientation.undo(found)


def detector_slices(ct: Volume, size: int = SIZE, thickness_mm: float = THICKNESS_MM) -> DetectorSlices:
    """The slices of a scan as the detector sees them.

    The stored slices are used as they lie (a tilted gantry stays tilted). Slices that are not square in the
    patient are centred on a square of air, so that heads keep their shape.

    Args:
        ct: HU ``[D, H, W]`` in any storage order.
        size: rows and columns of an image.
        thickness_mm: of the slices that the detector was trained on.
    """
    reorientation = Reorientation.of(ct.grid)
    grid, hu = reorientation.grid, reorientation.apply(ct.voxels)
    slab = min(len(hu), max(1, round(thickness_mm / grid.slice_distance)))
    inset = _inset(hu.shape[1] * grid.spacing[1], hu.shape[2] * grid.spacing[2], size)
    images: list[Array] = []
    image_of_slice = np.full(len(hu), -1, dtype=np.intp)
    for first in range(0, len(hu), slab):
        image = _image(hu[first : first + slab], size, inset)
        if image is not None:
            image_of_slice[first : first + slab] = len(images)
            images.append(image)
    stacked = np.stack(images) if images else np.empty((0, len(WINDOWS), size, size), np.float32)
    own_order = image_of_slice[::-1] if reorientation.flipped[0] else image_of_slice
    return DetectorSlices(stacked, own_order, reorientation, inset)


def _image(slices: NDArray[Any], size: int, inset: tuple[tuple[int, int], tuple[int, int]]) -> Array | None:
    """``[3, size, size]`` of a slab ``[N, H, W]``; None where no window shows anything."""
    (top, bottom), (left, right) = inset
    image = np.zeros((len(WINDOWS), size, size), np.float32)
    blank = True
    for channel, (level, width), mean, std in zip(image, WINDOWS, MEAN, STD, strict=True):
        shown = window(slices, level, width).mean(axis=0)
        blank = blank and float(np.ptp(shown)) == 0
        channel[top:bottom, left:right] = resized(shown, (bottom - top, right - left))
        channel -= np.float32(mean)
        channel /= np.float32(std)
    return None if blank else image


def _inset(height_mm: float, width_mm: float, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last row and column of a slice of these measures in the middle of a square image."""
    scale = size / max(height_mm, width_mm)
    rows, columns = (max(1, round(mm * scale)) for mm in (height_mm, width_mm))
    top, left = (size - rows) // 2, (size - columns) // 2
    return (top, top + rows), (left, left + columns)
