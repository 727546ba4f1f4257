"""A labelled scan on its way to becoming training samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scan:
    """A labelled scan in canonical order, at its own spacing.

    Attributes:
        hu: ``[D, H, W]`` HU.
        target: ``[D, H, W]`` uint8: 0 background, 1 hemorrhage, 255 unknown.
        brain: ``[D, H, W]`` bool, the intracranial region.
        spacing: mm along slices, rows, columns.
    """

    name: str
    group: str
    hu: NDArray[Any]
    target: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    spacing: tuple[float, float, float]
