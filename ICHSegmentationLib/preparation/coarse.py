"""A coarse copy of a scan for questions that need no detail, and masks on it back in full resolution."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]
Steps = tuple[int, int, int]

PLANE_MM = 2.0
SLICE_MM = 2.5
LOWEST_HU, HIGHEST_HU = -300, 400  # full-range and clipped scans look alike within


def coarse_copy(hu: NDArray[Any], spacing: Spacing) -> tuple[NDArray[np.float32], Steps]:
    """Block means of HU, clipped to -300..400, and how many slices, rows and columns make a block.

    Args:
        hu: ``[D, H, W]``.
        spacing: mm between slices, rows and columns; blocks become about 2 mm wide and 2.5 mm or more thick.
    """
    rows, columns = (max(1, round(PLANE_MM / mm)) for mm in spacing[1:])
    slices = max(1, int(np.ceil(SLICE_MM / spacing[0] - 0.01)))
    padding = ((0, -hu.shape[1] % rows), (0, -hu.shape[2] % columns))
    planes = []
    for first in range(0, hu.shape[0], slices):
        block = np.clip(hu[first : first + slices], LOWEST_HU, HIGHEST_HU)
        plane = np.pad(block.mean(axis=0, dtype=np.float32), padding, mode="edge")
        blocks = plane.reshape(plane.shape[0] // rows, rows, -1, columns)
        planes.append(blocks.mean(axis=1).mean(axis=-1))
    return np.stack(planes), (slices, rows, columns)


def upsampled(coarse: Mask, steps: Steps, shape: tuple[int, ...]) -> Mask:
    """The coarse mask in the full resolution ``shape`` ``[D, H, W]``: linear in plane, for a smooth edge."""
    to_rows = _linear(shape[1], coarse.shape[1], steps[1])
    to_columns = _linear(shape[2], coarse.shape[2], steps[2]).T
    full = np.zeros(shape, dtype=bool)
    for k, plane in enumerate(coarse):
        if plane.any():
            full[k * steps[0] : (k + 1) * steps[0]] = (to_rows @ plane.astype(np.float32)) @ to_columns >= 0.5
    return full


def _linear(fine: int, coarse: int, step: int) -> NDArray[np.float32]:
    """``[fine, coarse]``: weights that interpolate block means at the places of the single values."""
    place = np.clip((np.arange(fine) - (step - 1) / 2) / step, 0, coarse - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(coarse)), 0).astype(np.float32)
