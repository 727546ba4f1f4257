"""HU windows: the part of the grey scale that a network or a reader looks at."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def window(hu: NDArray[Any], level: float, width: float) -> NDArray[np.float32]:
    """HU shown through a window, of the same shape: 0 at ``level - width / 2`` and below, 1 at
    ``level + width / 2`` and above, linear between (both in HU).

    Raises:
        ValueError: ``width`` is not positive.
    """
    if width <= 0:
        raise ValueError(f"Expected a window width above 0 HU, found {width}.")
    shown = np.subtract(hu, np.float32(level - width / 2), dtype=np.float32)
    shown /= np.float32(width)
    return np.clip(shown, 0.0, 1.0, out=shown)
