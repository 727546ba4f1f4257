"""Which distances between slices are uneven, and what a user should know of them."""

import numpy as np
from numpy.typing import NDArray

# How far headers may stray, mostly through rounding, before it means something.
_EVEN_MM, _EVEN_SHARE = 0.02, 0.02
_WHOLE_GAP_SHARE = 0.1


def uneven(gaps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``[D - 1]`` which distances between neighbouring slices are not the usual one, their median."""
    distance = np.median(gaps)
    return np.asarray(np.abs(gaps - distance) > _EVEN_MM + _EVEN_SHARE * distance)


def spacing_warnings(gaps: NDArray[np.float64]) -> list[str]:
    """A sentence on slices that are missing or lie unevenly; none where all distances are alike.

    Args:
        gaps: ``[D - 1]`` mm between neighbouring slices.
    """
    odd = gaps[uneven(gaps)]
    if not odd.size:
        return []
    distance = float(np.median(gaps))
    multiples = odd / distance
    if (multiples > 1.5).all() and (np.abs(multiples - np.rint(multiples)) < _WHOLE_GAP_SHARE).all():
        missing = int((np.rint(multiples) - 1).sum())
        noun = "slice is" if missing == 1 else "slices are"
        return [
            f"{missing} {noun} missing: gaps of up to {gaps.max():.4g} mm between slices that are otherwise "
            f"{distance:.4g} mm apart. Volumes count a gap half to each neighbour."
        ]
    return [
        f"The slices are unevenly spaced, {gaps.min():.4g} to {gaps.max():.4g} mm apart. Volumes weight each "
        f"slice with its own distances; the mask file has {distance:.4g} mm throughout."
    ]
