"""The scan around a click, without bone and its partial volume, at about 1 mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..volume import Volume
from .piece import Box, Index

BONE_HU = 150.0  # acute clot stays below 120 HU, cortical bone and diploe lie above 300
FINE_MM = 2.0  # along axes with finer steps, the neighbour of a bone voxel holds bone too
STEP_MM = 1.0  # voxels are joined to blocks of up to this length
SMOOTH_MM = 0.7  # SD of the Gaussian that takes the noise from the blocks
EDGE_MM = 0.4  # SD of the one for the outline; half of a usual pixel's width more would round off thin blood

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Surroundings:
    """A box of the scan around a click.

    Attributes:
        box: where it lies in the scan's array.
        usable: ``[d, h, w]`` False in and beside bone, and where a lesion is marked already.
        hu: ``[d, h, w]`` smoothed HU of the usable voxels at full resolution; 0 elsewhere.
        blocks: ``[d', h', w']`` smoothed HU at about 1 mm; 0 where less than half of a block is usable.
        steps: voxels that one block holds along each axis.
        block_mm: length of a block along each axis.
        seed: the clicked block.
    """

    box: Box
    usable: NDArray[np.bool_]
    hu: Floats
    blocks: Floats
    steps: Index
    block_mm: tuple[float, float, float]
    seed: Index

    def leaves(self, inside: NDArray[np.bool_], shape: tuple[int, ...]) -> bool:
        """Whether ``inside`` (blocks) reaches a side of the box beyond which the scan (``shape``) goes on."""
        for axis, (part, length) in enumerate(zip(self.box, shape, strict=True)):
            ends = np.moveaxis(inside, axis, 0)
            if (part.start > 0 and ends[0].any()) or (part.stop < length and ends[-1].any()):
                return True
        return False


def around(scan: Volume, seed: Index, reach_mm: float, marked: NDArray[np.bool_]) -> Surroundings:
    """The surroundings of a voxel, ``reach_mm`` to every side."""
    spacing = scan.grid.spacing
    steps = tuple(max(1, int(STEP_MM / mm + 1e-3)) for mm in spacing)
    box = _box(seed, scan.voxels.shape, spacing, steps, reach_mm)
    hu = scan.voxels[box].astype(np.float32)
    usable = ~(_with_rim(hu > BONE_HU, spacing) | marked[box])
    block_mm = tuple(mm * step for mm, step in zip(spacing, steps, strict=True))
    blocks = _blocks(hu, usable, steps)
    return Surroundings(
        box=box,
        usable=usable,
        hu=_smoothed(hu, usable.astype(np.float32), EDGE_MM, spacing),
        blocks=_smoothed(*blocks, SMOOTH_MM, block_mm),
        steps=steps,  # type: ignore[arg-type]
        block_mm=block_mm,  # type: ignore[arg-type]
        seed=tuple((i - b.start) // s for i, b, s in zip(seed, box, steps, strict=True)),  # type: ignore[arg-type]
    )


def _box(
    seed: Index, shape: tuple[int, ...], spacing: tuple[float, ...], steps: tuple[int, ...], reach_mm: float
) -> Box:
    """Whole blocks around the seed, so that blocks of two sizes of box need not agree."""
    box = []
    for index, length, mm, step in zip(seed, shape, spacing, steps, strict=True):
        reach = int(np.ceil(reach_mm / mm / step)) * step
        box.append(slice(max(0, index - reach), min(length, index + reach + step)))
    return box[0], box[1], box[2]


def _with_rim(bone: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.bool_]:
    """Bone and the voxels beside it along the axes with fine steps."""
    width = [3 if mm < FINE_MM else 1 for mm in spacing]
    return ndimage.maximum_filter(bone.view(np.uint8), size=width).view(np.bool_)


def _blocks(hu: Floats, usable: NDArray[np.bool_], steps: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Mean HU of the usable voxels of each block, and 1 for each block that is at least half usable."""
    total, count = np.where(usable, hu, np.float32(0)), usable.astype(np.float32)
    for axis, step in enumerate(steps):
        starts = np.arange(0, total.shape[axis], step)
        total, count = (np.add.reduceat(values, starts, axis=axis) for values in (total, count))
    mean = (total / np.maximum(count, 1)).astype(np.float32)
    return mean, (count >= np.prod(steps) / 2).astype(np.float32)


def _smoothed(values: Floats, weights: Floats, sd_mm: float, spacing: tuple[float, ...]) -> Floats:
    """Gaussian mean of the voxels with weight 1; 0 at the others."""
    sd = [sd_mm / mm if mm < FINE_MM else 0.0 for mm in spacing]
    total = ndimage.gaussian_filter(values * weights, sd, truncate=2.5)
    weight = ndimage.gaussian_filter(weights, sd, truncate=2.5)
    return np.where(weights > 0, total / np.maximum(weight, 1e-3), np.float32(0))
