"""Slices with another number of pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resized(plane: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A slice ``[H, W]`` with ``shape`` pixels, linearly interpolated, averaged where it shrinks.

    The same as PyTorch's bilinear ``interpolate`` with ``antialias``.
    """
    if plane.shape == shape:
        return plane
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize(shape[::-1], Image.Resampling.BILINEAR))
