"""Volume, slice areas and centroid by counting voxels."""

import numpy as np
from numpy.typing import NDArray

from .axial import AxialView


def slice_areas_mm2(lesion: AxialView) -> NDArray[np.float64]:
    """``[S]`` area of the lesion on each slice, in mm²."""
    return lesion.moments[0] * lesion.pixel_area_mm2


def volume_ml(lesion: AxialView) -> float:
    """Voxel count x |det(affine)|, in mL: right on tilted (sheared) grids too.

    Where slices are unevenly spaced each one counts with its own thickness, half the distances to both
    neighbours.
    """
    return float(slice_areas_mm2(lesion) @ lesion.thicknesses_mm) / 1000


def centroid_mm(lesion: AxialView) -> tuple[float, float, float]:
    """Centre of mass in patient coordinates (RAS, mm)."""
    area, row, column = lesion.moments
    thickness = lesion.axes[0].widths
    places = np.array([area @ (thickness * lesion.axes[0].centres), row @ thickness, column @ thickness])
    x, y, z = lesion.world(places / (area @ thickness))
    return float(x), float(y), float(z)
