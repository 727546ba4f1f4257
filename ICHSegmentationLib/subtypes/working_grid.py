"""A scan, and masks on it, looked at on one kind of grid: upright in the patient, 2 mm in every direction.

Whatever way the scan is stored (flipped, permuted, oblique, tilted, thin or thick slices), a lesion has the
same shape here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..preparation.coarse import LOWEST_HU, coarse_copy
from ..preparation.head import coarse_head_of
from ..preparation.intracranial import bounding_box
from ..preparation.orientation import Reorientation
from ..volume import CTVolume, Grid

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Steps = tuple[int, int, int]
Box = tuple[slice, slice, slice]

STEP_MM = 2.0
SHORTEST_HEAD_MM = 70.0  # of the inside of a skull from the vertex down: less does not reach the ventricles
CUT_VERTEX = 0.6  # of the widest section: one at the vertex is narrower
MARGIN_MM = 6.0  # kept around the intracranial region


@dataclass(frozen=True)
class WorkingGrid:
    """Cubes of 2 mm in canonical order (slices upwards, rows backwards, columns to the left).

    Attributes:
        order: how the stored voxels come into canonical order.
        steps: how many canonical slices, rows and columns are averaged before they are looked up.
        origin: ``[3]`` patient coordinates (RAS, mm) of voxel (0, 0, 0).
        shape: ``(K, R, C)``.
    """

    order: Reorientation
    steps: Steps
    origin: NDArray[np.float64]
    shape: tuple[int, int, int]

    def resampled(self, blocks: NDArray[Any], outside: float, first: Steps = (0, 0, 0)) -> Floats:
        """``[K, R, C]``: block means (see :func:`block_means`) by linear interpolation.

        Args:
            blocks: means of blocks of :attr:`steps` voxels.
            outside: the value where there are no voxels.
            first: the canonical voxel at which the first block begins.
        """
        matrix, offset = self._into_blocks(first)
        blocks = np.asarray(blocks, dtype=np.float32)
        if np.count_nonzero(np.abs(matrix) > 1e-9) == 3 and (np.diag(matrix) > 1e-9).all():
            return _along_axes(blocks, np.diag(matrix), offset, self.shape, outside)
        found: Floats = ndimage.affine_transform(
            blocks, matrix, offset, self.shape, order=1, cval=outside, mode="grid-constant"
        )
        return found

    def hu_of(self, ct: CTVolume) -> Floats:
        """``[K, R, C]`` HU of a scan on this grid's source, clipped to -300..400; air where it does not
        reach."""
        blocks, _ = coarse_copy(self.order.apply(ct.voxels), self.order.grid.spacing)
        return self.resampled(blocks, float(LOWEST_HU))

    def part(self, box: Box) -> "WorkingGrid":
        """The same cubes, only those of ``box``."""
        starts = np.array([part.start for part in box], dtype=float)
        shape = tuple(part.stop - part.start for part in box)
        return WorkingGrid(self.order, self.steps, self.origin + starts[::-1] * _AXES, shape)  # type: ignore[arg-type]

    def box_of(self, canonical: Box, margin: int) -> Box:
        """The cubes that a box of canonical voxels covers, and ``margin`` cubes around them."""
        edges = [(part.start - 0.5, part.stop - 0.5) for part in canonical]
        corners = np.array(np.meshgrid(*edges)).reshape(3, -1).T
        cubes = self.places_of(corners)
        low = np.floor(cubes.min(axis=0)).astype(int) - margin
        high = np.ceil(cubes.max(axis=0)).astype(int) + 1 + margin
        spans = [
            slice(min(max(0, int(a)), n - 1), max(1, min(n, int(b))))
            for a, b, n in zip(low, high, self.shape, strict=True)
        ]
        return spans[0], spans[1], spans[2]

    def places_of(self, canonical: NDArray[Any]) -> NDArray[np.float64]:
        """``[n, 3]`` where the centre of each canonical voxel ``[n, 3]`` lies, counted in cubes."""
        return ((self.order.grid.world(canonical) - self.origin) * _AXES / STEP_MM**2)[:, ::-1]

    def cubes_of(self, canonical: NDArray[Any]) -> NDArray[np.intp]:
        """``[n, 3]`` the cube in which the centre of each canonical voxel ``[n, 3]`` lies, or the nearest."""
        return np.clip(np.rint(self.places_of(canonical)).astype(np.intp), 0, np.array(self.shape) - 1)

    def _into_blocks(self, first: Steps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Matrix and offset from cubes (slice, row, column) to blocks."""
        affine = self.order.grid.affine
        inverse = np.linalg.inv(affine[:3, :3])
        steps = np.array(self.steps, dtype=float)
        voxels = (inverse * _AXES)[::-1, ::-1]  # canonical voxels (slice, row, column) of one cube
        start = (inverse @ (self.origin - affine[:3, 3]))[::-1]
        return voxels / steps[:, None], (start - np.array(first) - (steps - 1) / 2) / steps


_AXES = np.array([-STEP_MM, -STEP_MM, STEP_MM])
"""Patient coordinates (R, A, S) of one step along columns, rows and slices."""


@dataclass(frozen=True)
class WorkingHead:
    """A head on its working grid.

    Attributes:
        hu: ``[K, R, C]``, clipped to -300..400; air where the scan does not reach.
        seen: ``[K, R, C]`` where the scan reaches.
        inside: ``[K, R, C]`` the intracranial region.
        partial: whether the skull was not found or is open, or so little of the head is seen that nobody can
            tell where in it a place is.
    """

    grid: WorkingGrid
    hu: Floats
    seen: Mask
    inside: Mask
    partial: bool

    @classmethod
    def of(cls, ct: CTVolume) -> "WorkingHead":
        """The head of a scan, cut to its intracranial region."""
        order = Reorientation.of(ct.grid)
        coarse = coarse_head_of(ct)
        blocks, region = coarse.hu, coarse.own_region()
        grid = _around(region.mask, order, coarse.steps, order.grid)
        hu = grid.resampled(blocks, float(LOWEST_HU))
        seen = grid.resampled(np.ones_like(blocks), 0.0) > 0.5
        inside = (grid.resampled(region.mask, 0.0) > 0.5) & seen
        return cls(grid, hu, seen, inside, bool(region.warnings) or _is_partial(inside))


def _is_partial(inside: Mask) -> bool:
    """Whether the vertex, or most of the head, lies outside of the scan."""
    areas = inside.sum(axis=(1, 2))
    sections = np.flatnonzero(areas)
    if len(sections) * STEP_MM < SHORTEST_HEAD_MM:
        return True
    return bool(areas[sections[-3:]].min() > CUT_VERTEX * areas.max())


def block_means(array: NDArray[Any], steps: Steps) -> Floats:
    """Means of blocks of ``steps`` voxels of a canonical array; the last blocks may be smaller."""
    means: Floats = np.asarray(array, dtype=np.float32)
    for axis, step in enumerate(steps):
        if step > 1:
            starts = np.arange(0, means.shape[axis], step)
            counts = np.diff(np.append(starts, means.shape[axis])).astype(np.float32)
            shape = [-1 if a == axis else 1 for a in range(3)]
            means = (np.add.reduceat(means, starts, axis=axis) / counts.reshape(shape)).astype(np.float32)
    return means


def _along_axes(
    blocks: Floats,
    steps: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: tuple[int, int, int],
    outside: float,
) -> Floats:
    """What ``affine_transform`` gives where cubes and blocks have the same axes, in less time: one axis after
    the other."""
    found = blocks - np.float32(outside)
    for axis, (step, start, count) in enumerate(zip(steps, offset, shape, strict=True)):
        place = start + step * np.arange(count)
        weights = np.maximum(1 - np.abs(place[:, None] - np.arange(blocks.shape[axis])), 0).astype(np.float32)
        found = np.moveaxis(np.tensordot(weights, found, (1, axis)), 0, axis)
    return np.ascontiguousarray(found + np.float32(outside))


def _around(region: Mask, order: Reorientation, steps: Steps, canonical: Grid) -> WorkingGrid:
    """The working grid of the box that holds ``region``, given on blocks."""
    box = bounding_box(region, 0.0, (1.0, 1.0, 1.0))
    edges = [
        (part.start * step - 0.5, min(part.stop * step, n) - 0.5)
        for part, step, n in zip(box, steps, canonical.shape, strict=True)
    ]
    corners = canonical.world(np.array(np.meshgrid(*edges)).reshape(3, -1).T)
    low, high = corners.min(axis=0) - MARGIN_MM, corners.max(axis=0) + MARGIN_MM
    count = np.ceil((high - low) / STEP_MM).astype(int)
    origin = np.where(_AXES < 0, low + (count - 0.5) * STEP_MM, low + 0.5 * STEP_MM)
    return WorkingGrid(order, steps, origin, (int(count[2]), int(count[1]), int(count[0])))
