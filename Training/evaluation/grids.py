"""Two masks brought onto one straight grid, so that distances along its axes are true."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.volume import Grid, Volume


@dataclass(frozen=True)
class Pair:
    """A prediction and its reference on one grid with perpendicular axes.

    Attributes:
        prediction, reference: label values ``[D, H, W]``.
        spacing: mm along slices, rows, columns.
        voxel_mm3: volume of a voxel.
    """

    prediction: NDArray[Any]
    reference: NDArray[Any]
    spacing: tuple[float, float, float]
    voxel_mm3: float


def paired(prediction: Volume, reference: Volume) -> Pair:
    """Both masks in canonical order, and straight where the gantry was tilted.

    The masks may be stored in different orders of axes. Slices of a sheared grid are moved by whole pixels,
    so a distance is wrong by one pixel at most.

    Raises:
        GridMismatchError: the masks do not lie on the same voxels.
    """
    found, wanted = canonical(prediction), canonical(reference)
    wanted.require_same_grid(found)
    grid = wanted.grid
    shifts = _shifts(grid)
    return Pair(
        _moved(found.voxels, shifts),
        _moved(wanted.voxels, shifts),
        (grid.slice_distance, grid.spacing[1], grid.spacing[2]),
        grid.voxel_volume_mm3,
    )


def canonical(volume: Volume) -> Volume:
    """The same voxels in canonical order, see :mod:`ICHSegmentationLib.preparation.orientation`."""
    order = Reorientation.of(volume.grid)
    return Volume(order.apply(volume.voxels), order.grid.affine)


def _shifts(grid: Grid) -> NDArray[np.intp]:
    """``[D, 2]`` whole rows and columns by which each slice lies aside, from 0 on."""
    column, row, step = grid.affine[:3, :3].T
    normal = np.cross(column, row)
    normal /= np.linalg.norm(normal)
    aside = step - (step @ normal) * normal
    pixels = np.linalg.pinv(np.stack([row, column], axis=1)) @ aside
    shifts = np.rint(np.outer(np.arange(grid.shape[0]), pixels)).astype(np.intp)
    return shifts - shifts.min(axis=0)


def _moved(voxels: NDArray[Any], shifts: NDArray[np.intp]) -> NDArray[Any]:
    if not shifts.any():
        return voxels
    depth, height, width = voxels.shape
    down, across = shifts.max(axis=0)
    moved = np.zeros((depth, height + int(down), width + int(across)), voxels.dtype)
    for plane, target, (top, left) in zip(voxels, moved, shifts, strict=True):
        target[top : top + height, left : left + width] = plane
    return moved
