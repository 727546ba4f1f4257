"""How dense the brain of a scan measures, and a scan brought to the densities that a network knows.

Scanners and archives differ by several HU in what they make of the same brain; a reader does not notice,
because blood is judged beside the brain around it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_BRAIN_HU = 15.0, 60.0  # of which the median is the brain's density
_TYPICAL_HU = 32.0  # where a scan shows no such voxel at all
_LOWEST_HU = -2000  # padding may lie anywhere below, as far as int16 goes


def brain_hu(hu: NDArray[Any], region: Mask) -> float:
    """The median density, HU, of the brain in ``hu`` ``[D, H, W]``; of every third row and column.

    Args:
        region: ``[D, H, W]``, the inside of the skull (:func:`.intracranial.intracranial_region`).
    """
    values = hu[:, ::3, ::3][region[:, ::3, ::3]]
    brain = values[(values > _BRAIN_HU[0]) & (values < _BRAIN_HU[1])]
    return float(np.median(brain)) if brain.size else _TYPICAL_HU


def with_brain_within(lowest: float, highest: float, hu: NDArray[Any], region: Mask) -> NDArray[Any]:
    """``hu`` ``[D, H, W]`` moved by as few whole HU as bring its brain to ``lowest`` to ``highest`` HU."""
    own = brain_hu(hu, region)
    higher = round(min(max(own, lowest), highest) - own)
    return np.maximum(hu, hu.dtype.type(_LOWEST_HU)) + hu.dtype.type(higher) if higher else hu
