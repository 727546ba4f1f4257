"""A small head with bleeding in it, stored in whatever way a test asks for."""

from dataclasses import dataclass

import numpy as np

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import CTVolume, Volume

SHAPE = (9, 80, 64)  # slices upward, rows anterior to posterior, columns right to left
SPACING = (5.0, 2.0, 2.5)


@dataclass(frozen=True)
class Case:
    ct: CTVolume
    mask: Volume

    def measurements(self, **more):
        return measure(self.mask).to_dict() | {"case": "case 7"} | more


def canonical_affine():
    slices, rows, columns = SPACING
    return np.array([[-columns, 0, 0, 80.0], [0, -rows, 0, 80.0], [0, 0, slices, -20.0], [0, 0, 0, 1]])


def head(blocks=()):
    """HU and labels in canonical order; each block is a label value and three ranges of indices."""
    _, rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    inside = ((rows - 39.5) / 36) ** 2 + ((columns - 31.5) / 28) ** 2 < 1
    hu = np.where(np.broadcast_to(inside, SHAPE), 30, -1000).astype(np.int16)
    labels = np.zeros(SHAPE, np.uint8)
    for value, *ranges in blocks:
        labels[tuple(slice(*r) for r in ranges)] = value
    hu[labels > 0] = 90  # white in the brain window
    return hu, labels


def stored(hu, labels, order=(0, 1, 2), flips=(False, False, False), turn=None, shear=0.0):
    """The same head with its array axes permuted and flipped, turned, or with a tilted gantry."""
    affine = canonical_affine()
    affine[1, 2] += shear
    if turn is not None:
        affine[:3, :3] = turn @ affine[:3, :3]
    columns = [affine[:3, 2 - axis].copy() for axis in range(3)]
    origin = affine[:3, 3].copy()
    for axis, flip in enumerate(flips):
        if flip:
            origin += columns[axis] * (SHAPE[axis] - 1)
            columns[axis] *= -1
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    new = np.eye(4)
    new[:3, :3] = np.stack([columns[axis] for axis in reversed(order)], axis=1)
    new[:3, 3] = origin
    hu, labels = (np.ascontiguousarray(array[steps].transpose(order)) for array in (hu, labels))
    return Case(CTVolume(hu, new), Volume(labels, new))
