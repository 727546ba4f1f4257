"""The part of a scan that a later network looks at, because an earlier one saw hemorrhage there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]


def region_box(probability: NDArray[Any], enlarged: float = 1.0) -> Box | None:
    """The box around everything with a probability of at least 0.5, enlarged; None where nothing reaches it.

    Each side is ``enlarged`` times as long about the same centre, and cut off where the scan ends (Xu et al.,
    section 4.1: "this area is enlarged, cropped, resized").

    Args:
        probability: ``[D, H, W]``.
        enlarged: at least 1.
    """
    seen = probability >= 0.5
    if not seen.any():
        return None
    a, b, c = (_span(np.any(seen, axis=others), enlarged) for others in ((1, 2), (0, 2), (0, 1)))
    return a, b, c


def _span(line: NDArray[np.bool_], enlarged: float) -> slice:
    first, last = np.flatnonzero(line)[[0, -1]]
    added = int(np.ceil((last + 1 - first) * (enlarged - 1) / 2))
    return slice(max(0, int(first) - added), min(line.size, int(last) + 1 + added))
