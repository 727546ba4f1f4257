"""The voxels of one segment, cut out of a shared labelmap and joined to blocks; a step at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.correction.piece import Box

VOXELS_A_STEP = 1_000_000
"""Joining so many took some 30 ms of processor time."""

Inside = NDArray[np.bool_]
Steps = tuple[int, int, int]


def cut_out(values: NDArray[np.generic], value: int) -> Generator[None, None, tuple[Inside, Box] | None]:
    """Where an array ``[D, H, W]`` has this value, cut to the box around it; None where it has not."""
    inside = np.empty(values.shape, dtype=bool)
    filled: Inside = np.zeros(values.shape[0], dtype=bool)
    footprint: Inside = np.zeros(values.shape[1:], dtype=bool)
    for planes in _portions(values.shape, 1):
        part = np.equal(values[planes], value, out=inside[planes])
        filled[planes] = np.any(part, axis=(1, 2))
        footprint |= np.any(part, axis=0)
        yield
    if not footprint.any():
        return None
    box = _span(filled), _span(np.any(footprint, axis=1)), _span(np.any(footprint, axis=0))
    return inside[box], box


def faces(inside: Inside) -> int:
    """Sides of voxels at which the inside ends; those at the ends of the array are not counted."""
    along = (np.moveaxis(inside, axis, 0) for axis in range(inside.ndim))
    return sum(int(np.count_nonzero(planes[1:] != planes[:-1])) for planes in along)


def joined(inside: Inside, steps: Steps) -> Generator[None, None, Inside]:
    """True for the fullest blocks of voxels, as many as have the volume of the inside: a fixed share would
    tear holes into thin shells.

    Args:
        steps: voxels that one block holds along each axis.
    """
    portions = []
    for planes in _portions(inside.shape, steps[0]):
        count = inside[planes].view(np.uint8)
        for axis, step in enumerate(steps):
            starts = np.arange(0, count.shape[axis], step)
            count = np.add.reduceat(count, starts, axis=axis, dtype=np.uint16)
        portions.append(count)
        yield
    yield
    counts = np.concatenate(portions)
    wanted = max(1, round(int(np.count_nonzero(inside)) / int(np.prod(steps))))
    least = np.partition(counts.ravel(), -wanted)[-wanted]
    return counts >= max(least, 1)


def _portions(shape: tuple[int, ...], multiple: int) -> Iterator[slice]:
    """All planes, so many at once as make a step; each portion begins at a multiple of ``multiple``."""
    planes = max(1, VOXELS_A_STEP // max(1, int(np.prod(shape[1:])) * multiple)) * multiple
    for first in range(0, shape[0], planes):
        yield slice(first, first + planes)


def _span(filled: Inside) -> slice:
    """From the first True to the last."""
    where = np.flatnonzero(filled)
    return slice(int(where[0]), int(where[-1]) + 1)
