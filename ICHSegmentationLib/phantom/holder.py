"""What the head lies on."""

import numpy as np
from numpy.typing import NDArray

from .tissue import Tissue


def head_holder(rows: NDArray[np.floating], columns: NDArray[np.floating]) -> NDArray[np.uint8]:
    """``[H, W]`` a cradle filled with foam around the back of the head, in air; it stays with the scanner.

    Args:
        rows, columns: position in the scanner in mm, backwards and to the left.
    """
    labels = np.full((rows.size, columns.size), Tissue.AIR, dtype=np.uint8)
    radius = np.hypot(columns[None, :], rows[:, None] - 2)
    cradle = np.broadcast_to(rows[:, None] > 22, radius.shape)
    labels[cradle & (radius < 112)] = Tissue.FOAM
    labels[cradle & (np.abs(radius - 113) < 1.3)] = Tissue.HOLDER
    return labels
