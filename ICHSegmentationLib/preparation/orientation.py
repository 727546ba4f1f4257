"""The canonical order of a scan's voxels, and the way back.

Canonical: the slice index grows from inferior to superior, the row index from anterior to posterior, the
column index from the patient's right to left (what ITK and nibabel call LPS).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from numpy.typing import NDArray

from ..errors import GridMismatchError
from ..volume import Grid

_LPS = axcodes2ornt("LPS")


@dataclass(frozen=True)
class Reorientation:
    """Which array axes change places and which turn round; nothing is resampled.

    Attributes:
        source: the grid as it was stored.
        axes: for each canonical axis (slice, row, column) the array axis of ``source`` that it comes from.
        flipped: for each canonical axis whether it runs against the stored one.
    """

    source: Grid
    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    @classmethod
    def of(cls, grid: Grid) -> "Reorientation":
        """The permutation and flips that bring ``grid`` nearest to the canonical order.

        Oblique and sheared grids keep their tilt; an axis halfway between two directions goes to the one
        that no stronger axis has taken (:func:`nibabel.orientations.io_orientation`).
        """
        moves = ornt_transform(io_orientation(grid.affine), _LPS)  # one (new place, sign) a stored axis
        axes, flipped = [0, 0, 0], [False, False, False]
        for stored, (place, sign) in enumerate(moves):
            # nibabel counts column, row, slice; an array counts slice, row, column
            axes[2 - int(place)] = 2 - stored
            flipped[2 - int(place)] = bool(sign < 0)
        return cls(grid, (axes[0], axes[1], axes[2]), (flipped[0], flipped[1], flipped[2]))

    @property
    def grid(self) -> Grid:
        """The canonical grid: every voxel keeps its place in the world."""
        affine = np.array(self.source.affine)
        origin = np.zeros(3)
        for canonical, (stored, flip) in enumerate(zip(self.axes, self.flipped, strict=True)):
            step = self.source.affine[:3, 2 - stored]
            affine[:3, 2 - canonical] = -step if flip else step
            origin[stored] = self.source.shape[stored] - 1 if flip else 0
        affine[:3, 3] = self.source.world(origin)
        shape = self.source.shape
        return Grid((shape[self.axes[0]], shape[self.axes[1]], shape[self.axes[2]]), affine)

    def apply(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of ``array`` ``[D, H, W]`` on the source grid in canonical order.

        Raises:
            GridMismatchError: the array has another shape than the source grid.
        """
        _require_shape(array, self.source)
        return array.transpose(self.axes)[self._steps]

    def undo(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of ``array`` ``[D, H, W]`` in canonical order as it lies on the source grid.

        Raises:
            GridMismatchError: the array has another shape than the canonical grid.
        """
        _require_shape(array, self.grid)
        return array[self._steps].transpose(np.argsort(self.axes))

    @property
    def _steps(self) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flipped)


def _require_shape(array: NDArray[Any], grid: Grid) -> None:
    if array.shape != grid.shape:
        raise GridMismatchError(
            f"Expected an array of shape {grid.shape}, found {array.shape}.",
            "Reorient with the grid that the array lies on.",
        )
