"""Where the ends of the lines A, B and C of a lesion lie in the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .slice_stack import SliceStack

LETTERS = ("A", "B", "C")


def line_ends(lesion: Mapping[str, Any], stack: SliceStack) -> dict[str, NDArray[np.float64]]:
    """``[2, 3]`` world RAS mm, by letter.

    A and B are those of the measurement. C runs through the lesion's centre, perpendicular to the slices,
    from the outer face of its first slice to that of its last: on a tilted scan, too, its length is the
    number of slices times the distance between slice planes, or the sum of their own thicknesses.

    Args:
        lesion: one lesion of ``measurements.json`` to which the Tada formula is applicable.
        stack: where the scan's slices lie in the world.
    """
    a, b = (np.asarray(lesion["tada"][name], dtype=float) for name in ("a_ends_mm", "b_ends_mm"))
    normal = np.cross(a[1] - a[0], b[1] - b[0])
    normal /= np.linalg.norm(normal)
    # Only one of the scan's axes leaves the plane of A and B: the one that slices are counted on.
    steps = normal @ stack.affine[:3, :3]
    axis = int(np.argmax(np.abs(steps)))
    first, last = lesion["slices"]
    faces = stack.faces(axis, first, last, at=lesion["tada"]["slice_index"])
    centre = np.asarray(lesion["centroid_mm"], dtype=float)
    heights = faces * steps[axis] + normal @ (a.mean(axis=0) - centre)
    return {"A": a, "B": b, "C": centre + heights[:, None] * normal}
