"""One thin plane through a head, with everything about position that tissues ask for."""

from dataclasses import dataclass

import numpy as np

from .head_shape import SECTORS, Floats, HeadShape, skull_base
from .holder import head_holder


@dataclass(frozen=True)
class Pixels:
    """Where the pixels of a stack of planes lie; the same for all planes unless the grid is sheared.

    Attributes:
        rows, columns: ``[H]``, ``[W]`` position in the scanner, in mm, backwards and to the left.
        x, y: ``[H, W]`` position in the head, in mm.
        radius, sector: ``[H, W]`` the same in polar form, the sector as an index.
        floor, base: ``[H, W]`` height of the skull base and its thickness, in mm.
        around: ``[H, W]`` the tissues where there is no head.
    """

    rows: Floats
    columns: Floats
    x: Floats
    y: Floats
    radius: Floats
    sector: np.ndarray
    floor: Floats
    base: Floats
    around: np.ndarray

    @staticmethod
    def at(rows: Floats, columns: Floats, shape: HeadShape) -> "Pixels":
        back, left = rows[:, None] - shape.offset[0], columns[None, :] - shape.offset[1]
        x = (np.cos(shape.yaw) * left + np.sin(shape.yaw) * back).astype(np.float32)
        y = (np.cos(shape.yaw) * back - np.sin(shape.yaw) * left).astype(np.float32)
        sector = ((np.arctan2(y, x) + np.pi) * (SECTORS / (2 * np.pi))).astype(np.intp) % SECTORS
        around = head_holder(rows, columns)
        return Pixels(rows, columns, x, y, np.hypot(x, y), sector, *skull_base(x, y), around)


@dataclass(frozen=True)
class Plane:
    """The plane ``z`` (mm) of a head at some pixels.

    Attributes:
        inner, outer, skin: ``[H, W]`` mm from each surface towards the axis of the head, negative outside.
        depth: ``[H, W]`` mm below the inner table and above the skull base, negative outside.
    """

    z: float
    pixels: Pixels
    shape: HeadShape
    inner: Floats
    outer: Floats
    skin: Floats
    depth: Floats

    @staticmethod
    def at(z: float, pixels: Pixels, shape: HeadShape) -> "Plane":
        radius, sector = pixels.radius, pixels.sector
        outline = shape.outline(z)
        inner = outline.inner[sector] - radius
        outer = outline.outer[sector] - radius
        skin = outline.skin[sector] - radius
        depth = np.minimum(inner * np.float32(outline.lean), np.float32(z) - pixels.floor)
        return Plane(z, pixels, shape, inner, outer, skin, depth)

    def ellipsoid(
        self, x: float, y: float, z: float, half: tuple[float, float, float], both_sides: bool = True
    ) -> np.ndarray:
        """``[H, W]`` inside an ellipsoid with half axes along x, y, z; mirrored to both sides of the head."""
        inside = np.zeros(self.pixels.x.shape, dtype=bool)
        height = (self.z - z) / half[2]
        if abs(height) < 1:
            for centre in {x, -x} if both_sides else {x}:
                box = self._around(centre, y, max(half[:2]))
                across, along = self.pixels.x[box] - centre, self.pixels.y[box] - y
                inside[box] |= (across / half[0]) ** 2 + (along / half[1]) ** 2 < np.float32(1 - height**2)
        return inside

    def _around(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """The rows and columns within ``reach`` of a point of the head."""
        yaw, (back, left) = self.shape.yaw, self.shape.offset
        row = np.sin(yaw) * x + np.cos(yaw) * y + back
        column = np.cos(yaw) * x - np.sin(yaw) * y + left
        rows = np.searchsorted(self.pixels.rows, [row - reach, row + reach])
        columns = np.searchsorted(self.pixels.columns, [column - reach, column + reach])
        return slice(*rows), slice(*columns)

    def cut(self, box: tuple[slice, slice]) -> "Plane":
        """The same plane at the pixels of a box of rows and columns."""
        p = self.pixels
        arrays = (p.x, p.y, p.radius, p.sector, p.floor, p.base, p.around)
        pixels = Pixels(p.rows[box[0]], p.columns[box[1]], *(a[box] for a in arrays))
        surfaces = (self.inner[box], self.outer[box], self.skin[box], self.depth[box])
        return Plane(self.z, pixels, self.shape, *surfaces)
