"""Silver masks made fit for training: what they leave out is filled where it is clear, else unknown."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .hyperdense import depth_mm, smooth_hu
from .sampling import IGNORE

Spacing = tuple[float, ...]

_IN_PLANE = ndimage.generate_binary_structure(3, 1) & (np.arange(3) == 1)[:, None, None]
_BLOOD_HU = 55.0, 95.0
_RIM_HU = 46.0
_SMALLEST_ML = 0.2


def mend(target: NDArray[np.uint8], hu: NDArray[Any], brain: NDArray[np.bool_], spacing: Spacing) -> None:
    """Complete a silver mask ``[D, H, W]`` in place.

    It leaves ventricular and subarachnoid blood out, and whole slices of some hematomas. Slices that continue
    the hematoma are filled; other bright regions and all faint rims become unknown: nothing is learned there.
    """
    smooth, depth = smooth_hu(hu, spacing), depth_mm(brain, spacing)
    drawn = target == 1
    near = ndimage.binary_dilation(drawn, _IN_PLANE, iterations=3)
    bright = (smooth > _BLOOD_HU[0]) & (smooth < _BLOOD_HU[1]) & (depth > 7) & ~near
    core = _without_specks(bright, spacing)
    rim = ndimage.binary_propagation(core, _IN_PLANE, (smooth > _RIM_HU) & (depth > 4) & ~near)
    rim &= ndimage.binary_dilation(core, _IN_PLANE, iterations=10)
    regions, _ = ndimage.label(core | drawn)
    continues = np.isin(regions, np.unique(regions[drawn]))
    undrawn_slices = ~drawn.any((1, 2), keepdims=True)
    target[ndimage.binary_dilation(rim, _IN_PLANE, iterations=2) & ~drawn] = IGNORE
    target[core & continues & undrawn_slices] = 1


def _without_specks(mask: NDArray[np.bool_], spacing: Spacing) -> NDArray[np.bool_]:
    regions, count = ndimage.label(mask)
    sizes = ndimage.sum_labels(mask, regions, range(count + 1)) * np.prod(spacing) / 1000
    large = np.flatnonzero(sizes > _SMALLEST_ML)
    kept: NDArray[np.bool_] = np.isin(regions, large[large > 0])
    return kept
