"""Hemorrhage that has no counterpart on the other scan: new, or gone."""

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..volume import Grid, Volume

APART_MM = 10.0
"""Two thick slices, and more than a fit is off by (see ``docs/measurement.md``)."""


def elsewhere_ml(mask: Volume, other: Volume, way: NDArray[np.float64], least_ml: float) -> float:
    """mL of the connected pieces of ``mask`` that come to lie 10 mm or more from all hemorrhage in ``other``.

    Pieces of less than ``least_ml``, and those that the other scan does not reach, do not count.

    Args:
        way: ``[4, 4]``, takes places (RAS, mm) on the scan of ``mask`` to those on the other.
    """
    pieces = cc3d.connected_components(mask.voxels > 0, connectivity=26)
    indices = np.argwhere(pieces)
    places = moved(mask.grid.world(indices), way)
    there = other.grid.world(np.argwhere(other.voxels))
    near = np.zeros(len(places), bool)
    if len(there):
        near = KDTree(there).query(places, distance_upper_bound=APART_MM)[0] < APART_MM
    numbers = pieces[tuple(indices.T)]
    size = np.bincount(numbers)
    voxel_ml = mask.grid.voxel_volume_mm3 / 1000
    seen = 2 * np.bincount(numbers, within(other.grid, places), size.size) >= size
    alone = (np.bincount(numbers, near, size.size) == 0) & seen & (size * voxel_ml >= least_ml)
    return int(size[alone].sum()) * voxel_ml


def moved(places: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[N, 3]`` where ``way`` ``[4, 4]`` takes places."""
    result: NDArray[np.float64] = places @ way[:3, :3].T + way[:3, 3]
    return result


def within(grid: Grid, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``[N]``: which places (RAS, mm) lie in a voxel of ``grid``."""
    indices = moved(places, np.linalg.inv(grid.affine).astype(np.float64))
    inside: NDArray[np.bool_] = np.all(
        (indices >= -0.5) & (indices <= np.array(grid.shape[::-1]) - 0.5), axis=1
    )
    return inside
