"""Masks that the tests compare: boxes, blobs, and whole volumes of them."""

import numpy as np
from scipy import ndimage

from ICHSegmentationLib.volume import Volume

SHAPE = (12, 40, 40)
AFFINE = np.diag([-0.5, -0.5, 5.0, 1.0])  # voxels of 1.25 mm³


def box(*first_and_last, shape=SHAPE):
    """True from the first to before the last index along slices, rows, columns."""
    mask = np.zeros(shape, bool)
    mask[tuple(slice(*span) for span in first_and_last)] = True
    return mask


def two_blobs(seed, shape=(10, 40, 36)):
    """Two smooth random masks that agree in part."""
    rng = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(rng.standard_normal(shape), (0.8, 3, 3)) for _ in range(2)]
    mixed = fields[0] + 0.5 * fields[1]
    return fields[0] > np.quantile(fields[0], 0.93), mixed > np.quantile(mixed, 0.92)


def volume(*labelled, affine=AFFINE, shape=SHAPE):
    """A mask of labels from pairs of a value and a bool mask."""
    voxels = np.zeros(shape, np.uint8)
    for value, mask in labelled:
        voxels[mask] = value
    return Volume(voxels, affine)
