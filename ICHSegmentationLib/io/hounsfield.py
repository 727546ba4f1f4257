"""From the numbers a file stores to Hounsfield units in the smallest type that holds them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_INT16 = np.iinfo(np.int16)


def as_hounsfield(stored: NDArray[Any], slope: float = 1.0, intercept: float = 0.0) -> NDArray[Any]:
    """``stored * slope + intercept`` as int16 when every value is whole and in its range, else float32.

    Args:
        stored: ``[D, H, W]`` or ``[H, W]``, integers or floats. NaN and infinity stay (as float32).
    """
    if stored.dtype == np.int16 and slope == 1 and intercept == 0:
        return np.ascontiguousarray(stored)
    if stored.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer():
        ends = [int(end) * int(slope) + int(intercept) for end in (stored.min(), stored.max())]
        if min(ends) >= _INT16.min and max(ends) <= _INT16.max:
            # Whole-number arithmetic wraps, so steps on the way may overflow: the result fits and is right.
            factor, offset = np.array([int(n) % 2**16 for n in (slope, intercept)], np.uint16).view(np.int16)
            return np.ascontiguousarray(stored.astype(np.int16) * factor + offset)
    scaled = stored if slope == 1 and intercept == 0 else _scaled(stored, slope, intercept)
    return np.ascontiguousarray(scaled, dtype=np.int16 if _all_whole(scaled) else np.float32)


def _scaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float32]:
    values = stored.astype(np.float32)
    values *= np.float32(slope)
    values += np.float32(intercept)
    return values


def _all_whole(values: NDArray[Any]) -> bool:
    """Whether int16 holds every value exactly; slice by slice, to stop early and to save memory."""
    return all(
        bool(np.isfinite(part).all())
        and part.min() >= _INT16.min
        and part.max() <= _INT16.max
        and bool((np.rint(part) == part).all())
        for part in values
    )
