"""What is brighter than grey matter inside the head, and how deep it lies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Spacing = tuple[float, ...]


def smooth_hu(hu: NDArray[Any], spacing: Spacing) -> NDArray[np.float32]:
    """``hu`` ``[D, H, W]`` without what one millimetre in plane blurs away, clipped to -20..100."""
    sigma = (0.0, 1.0 / spacing[1], 1.0 / spacing[2])
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(hu.clip(-20, 100).astype(np.float32), sigma)
    return smooth


def depth_mm(brain: NDArray[np.bool_], spacing: Spacing) -> NDArray[np.float64]:
    """How far inside the brain's outline each voxel ``[D, H, W]`` lies in its slice."""
    padded = np.pad(brain, ((0, 0), (1, 1), (1, 1)))
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(padded, sampling=(1e3, *spacing[1:]))
    return distance[:, 1:-1, 1:-1]


def hyperdense(hu: NDArray[Any], brain: NDArray[np.bool_], spacing: Spacing) -> NDArray[np.bool_]:
    """What may be taken for blood where there is none: dural sinuses, falx, tentorium, calcified plexus."""
    mimics: NDArray[np.bool_] = (smooth_hu(hu, spacing) > 50) & (depth_mm(brain, spacing) > 2)
    return mimics
