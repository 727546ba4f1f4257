"""The outlined key slices of a case, each a picture of its own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..volume import CTVolume, Volume
from .annotate import INSET, Word
from .numbers import RESEARCH_USE
from .preview import outlined_slice, preview_slices
from .stack import SliceStack

SIDE = 768
"""Longer side in pixels: sharp letters on a reading screen."""


def key_pictures(ct: CTVolume, mask: Volume, measurements: Mapping[str, Any]) -> list[NDArray[np.uint8]]:
    """Pictures ``[H, W, 3]`` (RGB) of the slices that the preview shows, from below; at least one.

    Args:
        ct: HU ``[D, H, W]``.
        mask: label values ``[D, H, W]`` on the CT's grid.
        measurements: the content of ``measurements.json``; needed is ``lesions``.

    Raises:
        GridMismatchError: the mask lies on another grid than the CT.
    """
    stack = SliceStack.of(ct, mask)
    frame = stack.frame(SIDE)
    statement = Word(RESEARCH_USE, 9, frame.size[1] - INSET, anchor="start")
    return [
        np.asarray(outlined_slice(stack, index, frame, measurements["lesions"], [statement]))
        for index in preview_slices(stack, measurements)
    ]
