"""How a painted head is cut into slices, and the slices into thinner planes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .head_shape import Floats, HeadShape
from .plane import Pixels


@dataclass(frozen=True)
class Sampling:
    """The grid of a scan in mm, around the axis of the scanner.

    Attributes:
        shape: ``(D, H, W)``.
        spacing: mm along each array axis; along the slanted axis where the grid is tilted.
        top: height ``z`` of the topmost slice.
        tilt: radians between the slices' axis and their normal.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    top: float
    tilt: float

    @property
    def thickness(self) -> float:
        return self.spacing[0] * float(np.cos(self.tilt))

    @property
    def parts(self) -> int:
        """Planes a slice is averaged from: one a mm, two at least."""
        return max(2, int(np.ceil(self.thickness)))

    @property
    def affine(self) -> NDArray[np.float64]:
        """(column, row, slice, 1) to RAS mm: columns run to the left, rows backwards."""
        depth, height, width = self.shape
        dz, dy, dx = self.spacing
        affine = np.diag([-dx, -dy, self.thickness, 1.0])
        affine[1, 2] = -dz * np.sin(self.tilt)
        middle = np.array([(width - 1) / 2, (height - 1) / 2, (depth - 1) / 2, 0])
        affine[:3, 3] = -(affine @ middle)[:3]
        return affine

    def height(self, index: float) -> float:
        """``z`` of a slice; a fraction of an index lies between slices."""
        return self.top - (self.shape[0] - 1 - index) * self.thickness

    def heights_of_parts(self, index: int) -> list[float]:
        offsets = (np.arange(self.parts) + 0.5) / self.parts - 0.5
        return [self.height(index + float(offset)) for offset in offsets]

    def rows(self, index: int) -> Floats:
        """Position of the rows of a slice, backwards; it moves from slice to slice on a tilted grid."""
        slant = (index - (self.shape[0] - 1) / 2) * self.spacing[0] * np.sin(self.tilt)
        return self.upright_rows() + np.float32(slant)

    def upright_rows(self, step: int = 1) -> Floats:
        """Position of the rows without slant, each ``step`` rows taken as one."""
        return _centred(self.shape[1], self.spacing[1], step)

    def columns(self, step: int = 1) -> Floats:
        return _centred(self.shape[2], self.spacing[2], step)

    def pixels(self, index: int, head: HeadShape) -> Pixels:
        return Pixels.at(self.rows(index), self.columns(), head)


def interpolation(at: Floats, knots: Floats) -> Floats:
    """``[len(at), len(knots)]`` weights of linear interpolation between evenly spaced knots."""
    position = (at - knots[0]) / (knots[1] - knots[0])
    return np.maximum(1 - np.abs(position[:, None] - np.arange(knots.size)[None, :]), 0).astype(np.float32)


def _centred(count: int, spacing: float, step: int) -> Floats:
    coarse = max(2, count // step)
    return ((np.arange(coarse) - (coarse - 1) / 2) * spacing * step).astype(np.float32)
