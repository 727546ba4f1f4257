"""Where the fine stage has to look: boxes around what the coarse stage saw, or was unsure of."""

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from .network_grid import NetworkGrid

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Region:
    """A box on the coarse network's grid and the same box on the scan's own grid."""

    coarse: Box
    native: Box


def regions_to_refine(
    probability: NDArray[np.float32],
    grid: NetworkGrid,
    unsure: float,
    seen: float,
    margin: tuple[int, int, int],
    smallest: tuple[int, int, int],
) -> list[Region]:
    """Boxes around every connected region of probability above ``unsure`` that somewhere reaches ``seen``.

    Args:
        probability: ``[D, H, W]`` of the coarse stage.
        grid: the grid of ``probability``.
        unsure: what lies above may be hemorrhage.
        seen: what never reaches this is left alone.
        margin: voxels of ``grid`` to add on each side; boxes that then overlap become one.
        smallest: size in voxels of ``grid`` that a box has at least, where the scan reaches so far: what the
            fine stage needs to see around a small lesion.
    """
    candidates = cc3d.connected_components(probability > unsure, connectivity=26)
    boxes = []
    for label, box in enumerate(cc3d.statistics(candidates)["bounding_boxes"]):
        if label > 0 and probability[box][candidates[box] == label].max() >= seen:
            boxes.append(_grown(box, margin, smallest, probability.shape))
    return [Region(box, _native(box, grid)) for box in _merged(boxes)]


def box_of(regions: Sequence[Region]) -> Box:
    """The box on the scan's own grid around all of ``regions``, of which there is at least one."""
    return _around([region.native for region in regions])


def _grown(
    box: Box, margin: tuple[int, int, int], smallest: tuple[int, int, int], shape: tuple[int, ...]
) -> Box:
    a, b, c = map(_widened, box, margin, smallest, shape)
    return a, b, c


def _widened(span: slice, margin: int, smallest: int, size: int) -> slice:
    length = min(size, max(span.stop - span.start + 2 * margin, smallest))
    start = (span.start + span.stop - length) // 2
    start = min(max(0, start), size - length)
    return slice(start, start + length)


def _merged(boxes: list[Box]) -> list[Box]:
    """Boxes of which no two overlap, covering all of ``boxes``."""
    apart: list[Box] = []
    for box in boxes:
        while touching := [other for other in apart if _overlap(box, other)]:
            apart = [other for other in apart if other not in touching]
            box = _around([box, *touching])
        apart.append(box)
    return sorted(apart, key=lambda box: [s.start for s in box])


def _around(boxes: Sequence[Box]) -> Box:
    a, b, c = (
        slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in zip(*boxes, strict=True)
    )
    return a, b, c


def _overlap(one: Box, other: Box) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _native(box: Box, grid: NetworkGrid) -> Box:
    slabs, rows, columns = box
    scale = [grid.native[axis] / grid.shape[axis] for axis in (1, 2)]
    in_plane = [
        slice(round(s.start * k), round(s.stop * k)) for s, k in zip((rows, columns), scale, strict=True)
    ]
    depth = slice(slabs.start * grid.slab, min(slabs.stop * grid.slab, grid.native[0]))
    return depth, in_plane[0], in_plane[1]
