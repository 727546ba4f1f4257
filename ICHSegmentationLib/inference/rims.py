"""Rims that are outlined only while the brain is shown brighter.

Networks that learned from scans of different brightness find more in the brighter ones: faint blood, and a
wider rim around dense blood, where brain and blood share voxels. The first is wanted, the second is not.
"""

from collections.abc import Sequence
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

# What of a lesion the darker image must show, too. Of faint and of thin blood it shows less: that has no rim.
_DENSE_SHARE = 0.8


def rims(bright: NDArray[Any], dark: NDArray[Any], rim_mm: float, spacing: Sequence[float]) -> Mask:
    """What of dense lesions is outlined in ``bright`` alone and lies, in its slice, near ``dark``.

    What is farther away, as on a slice on which ``dark`` is empty, is no rim but faint blood; what ``dark``
    encloses is a hole in it.

    Args:
        bright, dark: masks ``[D, H, W]`` of the same scan, shown brighter and darker.
        rim_mm: the widest rim, mm.
        spacing: mm along slices, rows, columns.
    """
    found = np.zeros(bright.shape, bool)
    lesions = cc3d.connected_components(np.ascontiguousarray(bright, np.uint8), connectivity=26)
    for label, box in enumerate(cc3d.statistics(lesions)["bounding_boxes"][1:], start=1):
        rows, columns = (_wider(span, rim_mm / step) for span, step in zip(box[1:], spacing[1:], strict=True))
        around = box[0], rows, columns
        lesion, core = lesions[around] == label, dark[around] > 0
        if core[lesion].mean() >= _DENSE_SHARE:
            for index in np.flatnonzero(core.any(axis=(1, 2))):
                filled = ndimage.binary_fill_holes(core[index])
                beside = ndimage.distance_transform_edt(~filled, spacing[1:]) <= rim_mm
                found[around][index] |= lesion[index] & beside & ~filled
    return found


def _wider(span: slice, pixels: float) -> slice:
    margin = int(np.ceil(pixels))
    return slice(max(0, span.start - margin), span.stop + margin)
