"""The outline of a lesion on one slice, along the borders of its pixels.

A caliper measures from edge to edge, so lengths run between pixel corners, not between pixel centres: a row
of 10 pixels of 1 mm is 10 mm long. Places are in index units, ``(row, column)``.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from .axial import Axis


def pixel_borders(inside: NDArray[np.bool_], rows: Axis, columns: Axis) -> NDArray[np.float64]:
    """``[n, 2, 2]`` the n straight pixel borders between inside and outside: two ends of (row, column)."""
    padded = np.pad(inside, 1)
    row, column = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    along_rows = _segments(rows.edges[row], columns.edges[column], rows.edges[row], columns.edges[column + 1])
    row, column = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    down_columns = _segments(
        rows.edges[row], columns.edges[column], rows.edges[row + 1], columns.edges[column]
    )
    return np.concatenate([along_rows, down_columns])


def hull(inside: NDArray[np.bool_], rows: Axis, columns: Axis) -> ConvexHull:
    """The convex hull of the pixels' corners. Its ``volume`` is its area, in index units."""
    filled = np.flatnonzero(inside.any(axis=1))
    first = inside[filled].argmax(axis=1)
    last = inside.shape[1] - inside[filled, ::-1].argmax(axis=1)
    corners = [(rows.edges[r], columns.edges[c]) for r in (filled, filled + 1) for c in (first, last)]
    return ConvexHull(np.concatenate([np.stack(corner, axis=1) for corner in corners]))


def hull_corners(inside: NDArray[np.bool_], rows: Axis, columns: Axis) -> NDArray[np.float64]:
    """``[n, 2]`` the corners of the convex hull, from the first row and column to the last."""
    shape = hull(inside, rows, columns)
    corners = shape.points[shape.vertices]
    return corners[np.lexsort((corners[:, 1], corners[:, 0]))]


def _segments(*ends: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(ends, axis=1).reshape(-1, 2, 2)
