"""The separate lesions of a mask, each on the working grid with the volume that it has on the scan's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..preparation.intracranial import bounding_box
from ..volume import Volume
from .working_grid import STEP_MM, Box, Mask, WorkingGrid, block_means

MARGIN = 3  # cubes kept around a lesion


@dataclass(frozen=True)
class LesionCubes:
    """One connected lesion.

    Attributes:
        number: its value in :attr:`Lesions.numbers`.
        volume_ml: on the scan's own voxels.
        box: its canonical voxels, as a box of :attr:`Lesions.numbers`.
        part: ``[k, r, c]`` its cubes, with a margin.
        first: ``[3]`` the first cube of ``part``.
    """

    number: int
    volume_ml: float
    box: Box
    part: Mask
    first: NDArray[np.intp]


@dataclass(frozen=True)
class Lesions:
    """All lesions of a mask.

    Attributes:
        numbers: lesion number of each canonical voxel in ``box``, 0 elsewhere.
        box: the canonical voxels that hold all hemorrhage.
    """

    numbers: NDArray[Any]
    box: Box
    grid: WorkingGrid
    voxel_ml: float

    @classmethod
    def of(cls, mask: Volume, grid: WorkingGrid) -> "Lesions":
        """The pieces of everything above 0 that touch by a face, an edge or a corner."""
        values = grid.order.apply(mask.voxels)
        box = bounding_box(values, 0.0, (1.0, 1.0, 1.0))
        filled = np.ascontiguousarray(values[box] != 0)
        numbers = cc3d.connected_components(filled.view(np.uint8), connectivity=26)
        return cls(numbers, box, grid, mask.grid.voxel_volume_mm3 / 1000)

    def blood(self) -> Mask:
        """``[K, R, C]`` the cubes of which hemorrhage takes half or more."""
        start = tuple(part.start for part in self.box)
        blocks = _blocks(self.numbers > 0, self.grid.steps)
        return self.grid.resampled(blocks, 0.0, start) >= 0.5  # type: ignore[arg-type]

    def at_least(self, smallest_ml: float) -> Iterator[LesionCubes]:
        """Every lesion of this volume or more."""
        counts = np.bincount(self.numbers.ravel())
        for number, inner in enumerate(ndimage.find_objects(self.numbers.astype(np.int32, copy=False)), 1):
            volume = counts[number] * self.voxel_ml
            if volume >= smallest_ml:
                yield self._cubes(number, float(volume), inner)

    def number_at(self, voxel: Sequence[int]) -> int:
        """The number of the lesion at a voxel of the stored array; 0 where there is none."""
        order = self.grid.order
        at = []
        for axis, flipped, box in zip(order.axes, order.flipped, self.box, strict=True):
            canonical = order.source.shape[axis] - 1 - voxel[axis] if flipped else voxel[axis]
            if not box.start <= canonical < box.stop:
                return 0
            at.append(int(canonical) - box.start)
        return int(self.numbers[tuple(at)])

    def areas_by_slice(self, lesion: LesionCubes) -> NDArray[np.float64]:
        """``[S]`` voxels of a lesion on each slice of the scan, in the order in which they are stored."""
        order = self.grid.order
        areas = np.zeros(order.grid.shape[0])
        first = self.box[0].start + lesion.box[0].start
        here = (self.numbers[lesion.box] == lesion.number).sum(axis=(1, 2))
        areas[first : first + len(here)] = here
        return areas[::-1] if order.flipped[0] else areas

    def cubes_in(self, lesion: LesionCubes) -> NDArray[np.intp]:
        """``[n, 3]`` the cube of the lesion's box in which each of its voxels lies, in the order of
        ``np.nonzero``."""
        voxels = np.argwhere(self.numbers[lesion.box] == lesion.number)
        start = [a.start + b.start for a, b in zip(lesion.box, self.box, strict=True)]
        cubes = self.grid.cubes_of(voxels + np.array(start)) - lesion.first
        return np.clip(cubes, 0, np.array(lesion.part.shape) - 1)

    def _cubes(self, number: int, volume_ml: float, inner: Box) -> LesionCubes:
        start = tuple(part.start + at.start for part, at in zip(inner, self.box, strict=True))
        canonical = tuple(slice(a, a + p.stop - p.start) for a, p in zip(start, inner, strict=True))
        box = self.grid.box_of(canonical, MARGIN)  # type: ignore[arg-type]
        blocks = _blocks(self.numbers[inner] == number, self.grid.steps)
        share = self.grid.part(box).resampled(blocks, 0.0, start)  # type: ignore[arg-type]
        count = max(1, round(volume_ml * 1000 / STEP_MM**3))
        first = np.array([part.start for part in box], dtype=np.intp)
        return LesionCubes(number, volume_ml, inner, fullest(share, count), first)


def _blocks(voxels: Mask, steps: tuple[int, int, int]) -> NDArray[np.float32]:
    """The share of each block; those at the end are as large as the others, the rest of them empty."""
    return block_means(
        np.pad(voxels, [(0, -n % step) for n, step in zip(voxels.shape, steps, strict=True)]), steps
    )


def fullest(share: NDArray[np.float32], count: int) -> Mask:
    """The ``count`` cubes of which a lesion takes most; fewer where it touches no more."""
    count = min(count, int(np.count_nonzero(share > 0)))
    if count == 0:
        middle = np.zeros(share.shape, dtype=bool)
        middle[tuple(n // 2 for n in share.shape)] = True
        return middle
    order = np.argsort(-share, axis=None, kind="stable")
    chosen = np.zeros(share.size, dtype=bool)
    chosen[order[:count]] = True
    return chosen.reshape(share.shape)
