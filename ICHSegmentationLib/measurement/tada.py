"""The Tada formula and its relatives: a lesion's volume from three lengths.

pi/6 A B C is the volume of an ellipsoid with these diameters; A B C / 2 its bedside form. (Paper 004, Xu et
al., section 5.3, prints pi/(2ABC), a typesetting fault.) The depth C has two conventions:

- number of slices x distance between slice positions: the default; right on ellipsoids, too high on lobed
  lesions (about 16 %);
- Kothari et al., Stroke 1996;27:1304: a slice counts 1 when its area is at least 75 % of the largest, 1/2
  from 25 %, else 0. On a perfect ellipsoid this is 0.683 of the true depth.

A and B run between pixel edges and are the longest of their kind. Against the smooth ellipse that the pixels
stand for, A comes out about 0.8 and B about 0.5 pixels long: at 0.45 mm pixels, the estimate of a lesion
40 mm long is 2 % high, of one 10 mm long 6 %.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .axial import AxialView
from .feret import Line, longest_diameter, longest_perpendicular
from .outline import hull_corners, pixel_borders
from .results import Point, Tada
from .voxel_volume import slice_areas_mm2

KOTHARI_FULL = 0.75
KOTHARI_HALF = 0.25


def estimate(lesion: AxialView) -> Tada:
    """The Tada estimate of one lesion (bool voxels), whether or not its shape is fit for it."""
    areas = slice_areas_mm2(lesion)
    at = int(shares_of_largest(areas).argmax())
    rows, columns = lesion.axes[1:]
    to_mm = lesion.steps[1:] @ lesion.plane.T
    diameter = longest_diameter(hull_corners(lesion.voxels[at], rows, columns) @ to_mm)
    across = longest_perpendicular(pixel_borders(lesion.voxels[at], rows, columns) @ to_mm, diameter)

    a, b = (float(np.linalg.norm(line[1] - line[0])) for line in (diameter, across))
    c = float(lesion.thicknesses_mm.sum())
    c_kothari = float(kothari_weights(areas) @ lesion.thicknesses_mm)
    return Tada(
        applicable=True,
        a_mm=a,
        b_mm=b,
        c_mm=c,
        volume_ml=math.pi / 6 * a * b * c / 1000,
        abc2_ml=a * b * c / 2 / 1000,
        c_kothari_mm=c_kothari,
        volume_kothari_ml=math.pi / 6 * a * b * c_kothari / 1000,
        abc2_kothari_ml=a * b * c_kothari / 2 / 1000,
        two_thirds_sh_ml=2 / 3 * float(areas[at]) * c / 1000,
        slice_index=int(lesion.axes[0].indices[at]),
        a_ends_mm=_in_patient(diameter, lesion, at),
        b_ends_mm=_in_patient(across, lesion, at),
    )


def kothari_weights(areas: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[S]`` the weight of each slice by its share of the largest area: 1, 1/2 or 0."""
    share = shares_of_largest(areas)
    return np.where(share >= KOTHARI_FULL, 1.0, np.where(share >= KOTHARI_HALF, 0.5, 0.0))


def shares_of_largest(areas: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[S]`` each area as a share of the largest, rounded: 3 pixels of 4 are 0.75 at any pixel size."""
    return (areas / areas.max()).round(9)


def _in_patient(line: Line, lesion: AxialView, at: int) -> tuple[Point, Point]:
    slice_place = lesion.world([lesion.axes[0].centres[at], 0.0, 0.0])
    # `line` is measured from the file's origin within the plane; world() of the slice adds the rest.
    return tuple(tuple(end) for end in (slice_place + line @ lesion.plane).tolist())  # type: ignore[return-value]
