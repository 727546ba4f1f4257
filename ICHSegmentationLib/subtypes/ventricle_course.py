"""Where ventricles usually run, in the frame of a head of standard size.

Tubes along both lateral ventricles with their temporal horns, the third and the fourth, as in the painted
heads of :mod:`..phantom`; the visible ventricles of the training scans without hemorrhage lie along them.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Distance from the midline, mm behind the middle of the head, mm below the vertex, half width (mm): along one
# lateral ventricle from its frontal to its occipital horn, then down and forward into the temporal horn.
_LATERAL = (
    (13.0, -37.0, 71.0, 3.0),
    (9.0, -28.0, 66.0, 5.0),
    (8.0, -16.0, 60.0, 5.0),
    (10.0, 0.0, 54.0, 5.0),
    (14.0, 16.0, 55.0, 5.5),
    (21.0, 29.0, 62.0, 6.5),
    (25.0, 38.0, 69.0, 6.5),
    (25.0, 48.0, 71.0, 4.5),
    (22.0, 58.0, 72.0, 3.0),
)
_TEMPORAL = (
    (26.0, 36.0, 73.0, 5.0),
    (30.0, 24.0, 84.0, 3.0),
    (31.0, 10.0, 93.0, 2.0),
    (28.0, -4.0, 99.0, 2.0),
)
_THIRD = ((0.0, -10.0, 76.0, 2.5), (0.0, 12.0, 78.0, 2.5), (0.0, 8.0, 90.0, 2.5), (0.0, 22.0, 100.0, 2.0))
_FOURTH = ((0.0, 25.0, 104.0, 5.0), (0.0, 26.0, 116.0, 7.0), (0.0, 25.0, 128.0, 3.0))
COURSES = (_LATERAL, _TEMPORAL, _THIRD, _FOURTH)


def beside_ventricles_mm(
    left: NDArray[np.float32], back: NDArray[np.float32], down: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``[n]`` distance (mm) of places ``[n]`` from the wall of the nearest ventricle's usual course; negative
    inside of it."""
    places = np.stack([np.abs(left), back, down], axis=1)
    nearest = np.full(len(places), np.inf, dtype=np.float32)
    for course in COURSES:
        points = np.array(course, dtype=np.float32)
        for start, end in pairwise(points):
            along = end[:3] - start[:3]
            part = np.clip((places - start[:3]) @ along / (along @ along), 0, 1)
            away = np.linalg.norm(places - start[:3] - part[:, None] * along, axis=1)
            nearest = np.minimum(nearest, away - (start[3] + part * (end[3] - start[3])))
    return nearest
