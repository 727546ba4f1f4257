"""A mask as a radiologist reads it: axial slices, in one order, whatever order the file stores them in.

Every measurement works on this view, so the same head stored flipped, permuted or left-handed gives the
same numbers, and the one lesion slice out of two equally large ones is the same slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from nibabel.orientations import io_orientation
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..volume import Volume


@dataclass(frozen=True)
class Axis:
    """Where the voxels lie along one axis, counted in steps from the file's voxel 0, always rising.

    Attributes:
        centres: ``[n]`` place of each voxel: its index, negative where the axis runs against the file's;
            something between whole numbers where slices are unevenly spaced.
        edges: ``[n + 1]`` borders between neighbours, half-way.
        indices: ``[n]`` index of each voxel in the file's array.
    """

    centres: NDArray[np.float64]
    edges: NDArray[np.float64]
    indices: NDArray[np.intp]

    @classmethod
    def through(cls, centres: NDArray[np.float64]) -> "Axis":
        """The axis through these centres: each voxel reaches half-way to its neighbours."""
        steps = np.diff(centres) if len(centres) > 1 else np.ones(1)
        borders = centres[:-1] + np.diff(centres) / 2
        edges = np.concatenate([[centres[0] - steps[0] / 2], borders, [centres[-1] + steps[-1] / 2]])
        return cls(centres, edges, np.arange(len(centres)))

    @property
    def widths(self) -> NDArray[np.float64]:
        return self.edges[1:] - self.edges[:-1]  # as np.diff, in a quarter of its time for a few voxels

    def cut(self, box: slice) -> "Axis":
        return Axis(self.centres[box], self.edges[box.start : box.stop + 1], self.indices[box])

    def reversed(self) -> "Axis":
        return Axis(-self.centres[::-1], -self.edges[::-1], self.indices[::-1])


@dataclass(frozen=True)
class AxialView:
    """Mask voxels ``[S, R, C]``: slices upward, rows anterior to posterior, columns right to left.

    Attributes:
        voxels: ``[S, R, C]`` label values, or bool for one lesion; may be a part of the file's array.
        axes: the three axes.
        steps: ``[3, 3]`` patient coordinates (RAS, mm) of one step along each axis, one row an axis.
        origin: ``[3]`` patient coordinates (RAS, mm) of the file's voxel (0, 0, 0).
        stored_axes: for each axis of ``voxels`` the axis of the file's array that it comes from.
    """

    voxels: NDArray[Any]
    axes: tuple[Axis, Axis, Axis]
    steps: NDArray[np.float64]
    origin: NDArray[np.float64]
    stored_axes: tuple[int, int, int]

    @property
    def slice_axis(self) -> int:
        """Which axis of the file's array runs through the slices."""
        return self.stored_axes[0]

    def world(self, places: ArrayLike) -> NDArray[np.float64]:
        """Patient coordinates (RAS, mm) ``[..., 3]`` of places ``[..., 3]`` along slice, row, column axis."""
        return np.asarray(places) @ self.steps + self.origin

    def cut(self, box: Sequence[slice]) -> "AxialView":
        first, second, third = (axis.cut(part) for axis, part in zip(self.axes, box, strict=True))
        return replace(self, voxels=self.voxels[tuple(box)], axes=(first, second, third))

    @cached_property
    def plane(self) -> NDArray[np.float64]:
        """``[2, 3]`` two perpendicular unit vectors that span the slice."""
        _, row, column = self.steps
        first = column / np.linalg.norm(column)
        second = row - (row @ first) * first
        return np.stack([first, second / np.linalg.norm(second)])

    @cached_property
    def moments(self) -> NDArray[np.float64]:
        """``[3, S]``: each slice's area and first moments along rows and columns, in index units."""
        _, rows, columns = self.axes
        across = np.array([columns.widths, columns.widths * columns.centres]).T
        down = np.array([rows.widths, rows.widths * rows.centres])
        # Slice by slice: casting a head-sized bool array to float at once would take eight times its memory.
        sums = np.array([down @ (plane @ across) for plane in self.voxels])
        return np.array([sums[:, 0, 0], sums[:, 1, 0], sums[:, 0, 1]])

    @property
    def pixel_area_mm2(self) -> float:
        return _sizes(self.steps.tobytes())[0]

    @property
    def slice_distance_mm(self) -> float:
        """Distance of one slice step, perpendicular to the slices."""
        return _sizes(self.steps.tobytes())[1]

    @property
    def thicknesses_mm(self) -> NDArray[np.float64]:
        """``[S]`` what each slice stands for: half the distances to both neighbours."""
        return self.axes[0].widths * self.slice_distance_mm


def axial_view(mask: Volume, slice_positions_mm: ArrayLike | None = None) -> AxialView:
    """The axial view of a mask, cut to the box that holds everything above 0.

    The slice axis is the one nearest to inferior-superior, by the affine. An empty mask gives an empty view.

    Args:
        mask: label values ``[D, H, W]``.
        slice_positions_mm: ``[D]`` positions along the normal where slices are unevenly spaced.

    Raises:
        GeometryError: the positions are not one for each slice, steadily rising or falling.
    """
    affine = mask.affine
    stored = [Axis.through(np.arange(n, dtype=np.float64)) for n in mask.voxels.shape]
    if slice_positions_mm is not None:
        stored[0] = _uneven_axis(np.asarray(slice_positions_mm, dtype=np.float64), mask)

    # One row for each column of the affine: the patient axis it runs along (0 R, 1 A, 2 S) and which way.
    orientation = io_orientation(affine)
    columns = [int(np.flatnonzero(orientation[:, 0] == target)[0]) for target in (2, 1, 0)]
    signs = orientation[columns, 1] * (1, -1, -1)
    order = [2 - column for column in columns]

    box = _box_of(mask.voxels)
    axes = [stored[k].cut(box[k]) for k in order]
    slices, rows, cols = (
        axis if sign > 0 else axis.reversed() for axis, sign in zip(axes, signs, strict=True)
    )
    voxels = mask.voxels[box].transpose(order)[tuple(slice(None, None, int(sign)) for sign in signs)]
    return AxialView(
        voxels=np.ascontiguousarray(voxels),
        axes=(slices, rows, cols),
        steps=signs[:, None] * affine[:3, columns].T,
        origin=affine[:3, 3],
        stored_axes=(order[0], order[1], order[2]),
    )


def slice_volumes_mm3(mask: Volume, slice_positions_mm: ArrayLike | None = None) -> NDArray[np.float64]:
    """``[D]`` mm³ of a voxel on each slice of the file: it reaches half-way to the neighbours.

    Raises:
        GeometryError: see :func:`axial_view`.
    """
    volume = mask.grid.voxel_volume_mm3
    if slice_positions_mm is None:
        return np.full(len(mask.voxels), volume)
    return volume * _uneven_axis(np.asarray(slice_positions_mm, dtype=np.float64), mask).widths


def _uneven_axis(positions: NDArray[np.float64], mask: Volume) -> Axis:
    steps = np.diff(positions)
    if positions.shape != mask.voxels.shape[:1] or not (np.all(steps > 0) or np.all(steps < 0)):
        raise GeometryError(
            f"Expected {mask.voxels.shape[0]} slice positions that steadily rise or fall, "
            f"found {positions.size}: {positions.ravel().tolist()}.",
            "Give the position of each slice of this mask, in mm.",
        )
    return Axis.through(np.abs(positions - positions[0]) / mask.grid.slice_distance)


@lru_cache(maxsize=8)
def _sizes(steps: bytes) -> tuple[float, float]:
    """Area of a pixel (mm²) and distance of a slice step (mm); kept for the thousands of specks of a mask."""
    slice_, row, column = np.frombuffer(steps).reshape(3, 3)
    area = float(np.linalg.norm(np.cross(row, column)))
    return area, float(abs(np.linalg.det([slice_, row, column]))) / area


def _box_of(voxels: NDArray[Any]) -> tuple[slice, slice, slice]:
    filled = voxels != 0
    rows = filled.any(axis=2)
    spans = (rows.any(axis=1), rows.any(axis=0), filled.any(axis=(0, 1)))
    return tuple(_span(span) for span in spans)  # type: ignore[return-value]


def _span(filled: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(filled)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)
