"""The ventricles: tubes along the course of the lateral ventricles, the slit of the third, the fourth."""

from itertools import pairwise

import numpy as np

from .plane import Plane

# Centre (x, y, z) and half widths (in x, and in y and z) in mm along one lateral ventricle, front to back,
# then down and forward into the temporal horn.
_LATERAL = (
    (13.0, -37.0, 4.0, 2.0, 3.0),
    (9.0, -28.0, 9.0, 4.2, 6.0),
    (8.0, -16.0, 15.0, 4.2, 5.5),
    (10.0, 0.0, 21.0, 5.0, 4.5),
    (14.0, 16.0, 20.0, 5.5, 5.0),
    (21.0, 29.0, 13.0, 6.0, 6.5),
    (25.0, 38.0, 6.0, 5.5, 7.0),
    (25.0, 48.0, 4.0, 3.6, 5.0),
    (22.0, 58.0, 3.0, 2.0, 3.0),
)
_TEMPORAL = (
    (26.0, 36.0, 2.0, 4.5, 5.5),
    (30.0, 24.0, -9.0, 2.6, 3.2),
    (31.0, 10.0, -18.0, 1.7, 2.2),
    (28.0, -4.0, -24.0, 1.7, 2.4),
)


def in_ventricles(plane: Plane) -> np.ndarray:
    """``[H, W]`` whether a pixel lies in a ventricle."""
    size = plane.shape.ventricle_size
    y, aside = plane.pixels.y, np.abs(plane.pixels.x)
    inside = np.zeros(y.shape, dtype=bool)
    for course in (_LATERAL, _TEMPORAL):
        for start, end in pairwise(course):
            _add_segment(inside, plane, np.array(start), np.array(end), size)
    inside &= aside > 0.9
    if -18 < plane.z < 8:
        reach = 13 - 0.4 * abs(plane.z + 4)
        inside |= (aside / (2.1 * size)) ** 2 + ((y - 2) / reach) ** 2 < 1
    if -18 < plane.z < -6:
        inside |= (aside < 0.9) & (np.abs(y - 18) < 1.2)
    if -54 < plane.z < -26:
        roof = 1 - ((plane.z + 40) / 14) ** 2
        inside |= (aside / (8.5 * size) + np.abs(y - 25) / 5.5) < roof
    return inside


def _add_segment(inside: np.ndarray, plane: Plane, start: np.ndarray, end: np.ndarray, size: float) -> None:
    """Add a string of ellipsoids about 2 mm apart from one point of the course to the next."""
    steps = max(2, int(np.linalg.norm(end[:3] - start[:3]) / 2))
    for t in np.arange(steps) / steps:
        x, y, z, wide, high = start + t * (end - start)
        if abs(plane.z - z) < high * size:
            inside |= plane.ellipsoid(x, y, z, (wide * size, high * size, high * size))
