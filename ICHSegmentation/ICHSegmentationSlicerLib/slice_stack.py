"""The stack of slices that is nearest to where a transform puts a scan's voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIT_MM = 0.1
"""A transform that moves no voxel further than this from a stack is taken as that stack. A tenth of a
millimetre is a fifth of a usual pixel."""

_SAME_PLACE_MM = 0.01
"""Slices nearer to each other than this lie at one place."""


@dataclass(frozen=True)
class SliceStack:
    """Slices of a scan that lie flat, parallel and in line.

    Attributes:
        affine: ``[4, 4]``, takes (column, row, slice, 1) to RAS mm; where slices lie unevenly, with their
            median distance.
        slice_positions_mm: ``[D]`` distance of each slice from the first along their normal, where they lie
            unevenly; else None.
    """

    affine: Floats
    slice_positions_mm: Floats | None = None

    def faces(self, axis: int, first: int, last: int, at: int) -> Floats:
        """``[2]`` where planes ``first`` to ``last`` begin and end, in steps of the affine from the middle of
        plane ``at``. A plane reaches half-way to its neighbours.

        Args:
            axis: column of the affine that the planes are counted along; slices on the last one.
        """
        if axis < 2 or self.slice_positions_mm is None:
            return np.array([first - 0.5, last + 0.5]) - at
        middles = self.slice_positions_mm / np.median(np.diff(self.slice_positions_mm))
        beyond = 2 * middles[:1] - middles[1:2], 2 * middles[-1:] - middles[-2:-1]
        edges = np.convolve(np.concatenate([beyond[0], middles, beyond[1]]), [0.5, 0.5], mode="valid")
        return np.asarray(edges[[first, last + 1]] - middles[at])


def nearest_stack(indices: Floats, places: Floats) -> tuple[SliceStack, float]:
    """The stack that comes nearest, evenly spaced if that is near enough, and its furthest miss in mm.

    Args:
        indices: ``[D, N, 4]``: column, row, slice and 1 of points of each slice, the same on all slices.
        places: ``[D, N, 3]`` where they lie, RAS mm.
    """
    even, missed = _even(indices, places)
    if missed < FIT_MM:
        return even, missed
    uneven = _uneven(indices[..., :2], places)
    return uneven if uneven is not None and uneven[1] < missed else (even, missed)


def _even(indices: Floats, places: Floats) -> tuple[SliceStack, float]:
    solution = np.linalg.lstsq(indices.reshape(-1, 4), places.reshape(-1, 3), rcond=None)[0]
    affine = np.eye(4)
    affine[:3] = solution.T
    return SliceStack(affine), _furthest(indices @ solution, places)


def _uneven(pixels: Floats, places: Floats) -> tuple[SliceStack, float] | None:
    """None where slices lie at one place, or not in their order."""
    middles = places.mean(axis=1)
    around = (pixels - pixels.mean(axis=1, keepdims=True)).reshape(-1, 2)
    axes = np.linalg.lstsq(around, (places - middles[:, np.newaxis]).reshape(-1, 3), rcond=None)[0]
    corners = middles - pixels.mean(axis=1) @ axes
    normal = np.cross(axes[0], axes[1])
    positions = (corners - corners[0]) @ normal / np.linalg.norm(normal)
    positions *= np.sign(positions[-1])
    gaps = np.diff(positions)
    if not gaps.min() > _SAME_PLACE_MM:
        return None
    step = (corners[-1] - corners[0]) / positions[-1]
    fitted = corners[0] + positions[:, np.newaxis, np.newaxis] * step + pixels @ axes
    affine = np.eye(4)
    affine[:3] = np.column_stack([*axes, step * np.median(gaps), corners[0]])
    return SliceStack(affine, positions), _furthest(fitted, places)


def _furthest(fitted: Floats, places: Floats) -> float:
    return float(np.linalg.norm(fitted - places, axis=-1).max())
