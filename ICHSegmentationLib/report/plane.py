"""Where the voxels of a slice come to lie on a picture, whatever the affine.

Radiological convention: the viewer looks from the feet, the patient's right is on the viewer's left and
anterior is up. Pictures keep the plane of the stored slices (a tilted gantry stays tilted) and turn
only within it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..volume import Grid

_LEFT = np.array([-1.0, 0.0, 0.0])
_SUPERIOR = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class SlicePlane:
    """Two axes in mm within the slices of a canonical grid: x to the patient's left, y to posterior.

    Attributes:
        steps: ``[2, 2]`` x and y (mm) of one column step (first row) and of one row step (second row).
        to_indices: ``[4, 4]`` takes patient coordinates to ``(column, row, slice, 1)``.
    """

    steps: NDArray[np.float64]
    to_indices: NDArray[np.float64]

    @classmethod
    def of(cls, grid: Grid) -> "SlicePlane":
        """The plane of a grid in canonical order, see :class:`~..preparation.orientation.Reorientation`."""
        column, row = grid.affine[:3, 0], grid.affine[:3, 1]
        normal = np.cross(column, row)
        normal *= np.copysign(1 / np.linalg.norm(normal), normal @ _SUPERIOR)
        x = _LEFT - (_LEFT @ normal) * normal
        if np.linalg.norm(x) < 1e-6:  # slices that face the patient's side have no left within them
            x = column
        x = x / np.linalg.norm(x)
        axes = np.stack([x, np.cross(normal, x)])
        steps: NDArray[np.float64] = np.stack([axes @ column, axes @ row])
        to_indices: NDArray[np.float64] = np.linalg.inv(grid.affine).astype(np.float64)
        return cls(steps, to_indices)

    def of_indices(self, columns_rows: ArrayLike) -> NDArray[np.float64]:
        """x and y (mm) ``[..., 2]`` of voxel centres ``[..., 2]`` given as column and row."""
        return np.asarray(columns_rows, dtype=np.float64) @ self.steps

    def of_patient(self, points: ArrayLike) -> NDArray[np.float64]:
        """x and y (mm) ``[..., 2]`` of places ``[..., 3]`` (RAS, mm), moved along the slice axis."""
        indices = np.asarray(points, dtype=np.float64) @ self.to_indices[:3, :3].T + self.to_indices[:3, 3]
        return self.of_indices(indices[..., :2])


@dataclass(frozen=True)
class Frame:
    """The rectangle of a slice plane that a picture shows.

    Attributes:
        plane: the plane it lies in.
        corner: x and y (mm) of the upper left corner.
        size: width and height of the picture in pixels.
        mm_per_pixel: the same along both axes, so that shapes are true.
    """

    plane: SlicePlane
    corner: tuple[float, float]
    size: tuple[int, int]
    mm_per_pixel: float

    @classmethod
    def around(cls, plane: SlicePlane, low: ArrayLike, high: ArrayLike, longer_side: int) -> "Frame":
        """The frame from ``low`` to ``high`` (x, y in mm) whose longer side has this many pixels."""
        left, top = (float(v) for v in np.asarray(low))
        width, height = (float(v) for v in np.subtract(high, low))
        mm_per_pixel = max(width, height) / longer_side
        size = (max(1, round(width / mm_per_pixel)), max(1, round(height / mm_per_pixel)))
        return cls(plane, (left, top), size, mm_per_pixel)

    def scaled(self, longer_side: int) -> "Frame":
        """The same rectangle with another number of pixels."""
        extent = np.array(self.size) * self.mm_per_pixel
        return Frame.around(self.plane, self.corner, np.add(self.corner, extent), longer_side)

    def pixels(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Picture coordinates ``[..., 2]`` (x, y; pixel edges are whole numbers) of x and y in mm."""
        return (places - self.corner) / self.mm_per_pixel

    def picture(self, grey: NDArray[np.uint8]) -> Image.Image:
        """One slice ``[H, W]`` in canonical order, resampled into the frame; black beyond its voxels."""
        # A shrunken slice is drawn finer and then averaged, else its noise shows as grain.
        fine = max(1, round(self.mm_per_pixel / np.linalg.norm(self.plane.steps, axis=1).min()))
        to_index = np.linalg.inv(self.plane.steps).T
        linear = to_index * (self.mm_per_pixel / fine)
        offset = to_index @ self.corner + 0.5  # Pillow counts from the edge of the first pixel
        coefficients = np.column_stack([linear, offset]).ravel().tolist()
        source, size = Image.fromarray(np.ascontiguousarray(grey)), (fine * self.size[0], fine * self.size[1])
        drawn = source.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
        return drawn.reduce(fine) if fine > 1 else drawn
