"""What lies beneath the base of the skull and is joined to its inside by a foramen, a fissure, or bone too
thin to be seen: orbits, the muscles below the temporal lobes, the throat.

Lengths are this project's own choice. Of the 112 scans at hand nine lose something, 5 to 18 mL of such parts;
a scan that reaches down to the teeth lost 99 mL. No command repeats these trials.
"""

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from .coarse import Mask, Spacing

PASSAGE_MM = 5.0  # half the width of a passage that parts of the brain are joined by
SMALLEST_ML = 5.0  # smaller parts stay: they may be the end of a lobe


def without_parts_beneath(inside: Mask, size: Spacing) -> Mask:
    """``inside`` less what is joined to its largest part by narrow passages only.

    What reaches the uppermost slice stays: in a scan of the skull's base alone, lobes may be joined above it.

    Args:
        inside: ``[d, h, w]``, the inside of the skull in canonical order.
        size: mm between slices, rows and columns.
    """
    depth = ndimage.distance_transform_edt(inside, sampling=size)
    cores, count = ndimage.label(depth > PASSAGE_MM)
    if count < 2:
        return inside
    parts = watershed(-depth, cores, mask=inside)
    volume_ml = np.bincount(parts.ravel(), minlength=count + 1) * np.prod(size) / 1000
    volume_ml[0] = 0  # outside, and specks without a core
    beneath = volume_ml >= SMALLEST_ML
    beneath[volume_ml.argmax()] = False
    beneath[np.unique(parts[-1])] = False
    return inside & ~beneath[parts]
