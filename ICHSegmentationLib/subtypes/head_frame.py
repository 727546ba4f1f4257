"""Where in a head a place is, whatever the head's size and however it lies: left, back, below the vertex.

All is told from the intracranial region: how it is turned from its longest axis, how it leans from the
middles of its sections, its size from the widest of them, the height from its top.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .working_grid import STEP_MM, Floats, Mask

STANDARD_RADIUS_MM = 75.0  # of a circle as wide as the widest section of a head of standard size
VERTEX_CM2 = 5.0  # the topmost section that is as wide counts as the vertex
WIDE = 0.75  # sections with this share of the widest one's area tell how the head lies
LARGEST_TURN = np.radians(40.0)
LARGEST_LEAN = 0.35  # mm to the side per mm upwards: 20 degrees


@dataclass(frozen=True)
class HeadFrame:
    """Coordinates in mm of a head of standard size.

    Attributes:
        size: how much larger than standard this head is.
        column: column of the midline at :attr:`row` of slice 0, and its change with each slice.
        row: row of the middle between forehead and back of the head.
        turn: radians by which the head is turned: its back towards its left.
        vertex: slice of the vertex.
    """

    size: float
    column: tuple[float, float]
    row: float
    turn: float
    vertex: float

    @classmethod
    def of(cls, inside: Mask) -> "HeadFrame":
        """The frame of an intracranial region ``[K, R, C]`` on its working grid; it must not be empty."""
        areas = inside.sum(axis=(1, 2)) * STEP_MM**2
        size = float(np.sqrt(areas.max() / np.pi) / STANDARD_RADIUS_MM)
        vertex = float(np.flatnonzero(areas >= min(VERTEX_CM2 * 100, areas.max()))[-1])
        wide = np.flatnonzero(areas >= WIDE * areas.max())
        section = inside[wide].sum(axis=0)
        middle, turn = _middle_and_turn(section)
        r, c = np.nonzero(section)
        back = (r - middle[0]) * np.cos(turn) + (c - middle[1]) * np.sin(turn)
        half_way = (back.min() + back.max()) / 2
        row, column = middle + half_way * np.array([np.cos(turn), np.sin(turn)])
        lean = _lean(inside, wide)
        return cls(size, (column - lean * wide.mean(), lean), float(row), turn, vertex)

    def places(self, cubes: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
        """``[n]`` left, back and down of cubes ``[n, 3]``."""
        k, r, c = cubes.T
        return self.left(k, r, c), self._mm(self._back(k, r, c)), self._mm(self.vertex - k)

    def left(self, k: NDArray[np.intp], r: NDArray[np.intp], c: NDArray[np.intp]) -> Floats:
        """Distance from the midline to the patient's left, of slices, rows and columns that broadcast."""
        return self._mm(self._left(k, r, c))

    def mirrored(self, cubes: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.intp]:
        """``[n, 3]`` the cubes at the same place on the other side of the head, kept within ``shape``."""
        twice = 2 * self._left(*cubes.T)
        r, c = cubes[:, 1] + twice * np.sin(self.turn), cubes[:, 2] - twice * np.cos(self.turn)
        other = np.stack([cubes[:, 0], np.rint(r), np.rint(c)], axis=1).astype(np.intp)
        return np.clip(other, 0, np.array(shape) - 1)

    def _left(self, k: NDArray[np.intp], r: NDArray[np.intp], c: NDArray[np.intp]) -> NDArray[np.float64]:
        aside = c - (self.column[0] + self.column[1] * k)
        return aside * np.cos(self.turn) - (r - self.row) * np.sin(self.turn)

    def _back(self, k: NDArray[np.intp], r: NDArray[np.intp], c: NDArray[np.intp]) -> NDArray[np.float64]:
        aside = c - (self.column[0] + self.column[1] * k)
        return (r - self.row) * np.cos(self.turn) + aside * np.sin(self.turn)

    def _mm(self, cubes: NDArray[np.float64]) -> Floats:
        return (cubes * (STEP_MM / self.size)).astype(np.float32)


def _middle_and_turn(section: NDArray[np.intp]) -> tuple[NDArray[np.float64], float]:
    """Row and column of the middle of an axial section ``[R, C]``, and how its longest axis is turned."""
    weight = section.astype(float)
    r, c = np.arange(section.shape[0]), np.arange(section.shape[1])
    total = weight.sum()
    row, column = (weight.sum(axis=1) @ r) / total, (weight.sum(axis=0) @ c) / total
    along = weight.sum(axis=1) @ (r - row) ** 2
    across = weight.sum(axis=0) @ (c - column) ** 2
    both = (r - row) @ weight @ (c - column)
    turn = 0.5 * np.arctan2(2 * both, along - across)
    return np.array([row, column]), float(np.clip(turn, -LARGEST_TURN, LARGEST_TURN))


def _lean(inside: Mask, wide: NDArray[np.intp]) -> float:
    """By how much the middle of the sections moves to the side with each slice."""
    columns = inside[wide].sum(axis=1).astype(float)
    middles = columns @ np.arange(inside.shape[2]) / columns.sum(axis=1)
    away = wide - wide.mean()
    # The ridge keeps a handful of sections, which tell little of a lean, upright.
    lean = (away @ middles) / (away @ away + 100.0)
    return float(np.clip(lean, -LARGEST_LEAN, LARGEST_LEAN))
