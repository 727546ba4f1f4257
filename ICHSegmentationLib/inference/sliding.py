"""A network over an image that is larger than it can see at once: overlapping windows, averaged.

Gives what MONAI's ``sliding_window_inference`` gives with Gaussian weights, for NumPy arrays: to load torch
and MONAI takes longer than to run the networks of the default model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..cancellation import checkpoint

Image = NDArray[np.float32]
Box = tuple[slice, ...]

_SIGMA = 0.125  # of a window's length, and the least weight: MONAI's defaults
_LEAST = 1e-3


def in_windows(
    image: Image,
    run: Callable[[Image], Image],
    patch: Sequence[int],
    divisor: Sequence[int] = (1, 1, 1),
    overlap: float = 0.25,
    fill: float = -1.0,
) -> Image:
    """What ``run`` makes of ``image``, in one pass where the image fits ``patch``, else in windows.

    Args:
        image: ``[1, C, D, H, W]``.
        run: takes ``[1, C, d, h, w]`` and gives ``[1, K, d, h, w]``.
        patch: ``(d, h, w)`` of the largest window.
        divisor: the multiples that ``run`` needs; smaller windows are as large as the image, rounded up.
        overlap: share of a window that it has in common with the next.
        fill: value outside of the image.

    Returns:
        ``[1, K, D, H, W]``, the mean of the windows, weighted by a Gaussian around each one's middle.
    """
    layout = Layout.of(image.shape[2:], patch, divisor, overlap, fill)
    if any(map(any, layout.padding)):
        image = np.pad(image, [(0, 0), (0, 0), *layout.padding], constant_values=fill)
    if len(layout.boxes) == 1:
        return run(image)[layout.inside]
    return _averaged(image, run, layout)[layout.inside]


@dataclass(frozen=True)
class Layout:
    """How windows cover an image.

    Attributes:
        window: ``(d, h, w)`` of each.
        padding: voxels to add before and behind the image along each axis, with the value ``fill``.
        boxes: the windows, as boxes of the padded image ``[B, C, D, H, W]``.
        inside: where the image lies in the padded one.
    """

    window: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    fill: float
    boxes: tuple[Box, ...]
    inside: Box

    @classmethod
    def of(
        cls,
        size: Sequence[int],
        patch: Sequence[int],
        divisor: Sequence[int],
        overlap: float = 0.25,
        fill: float = -1.0,
    ) -> "Layout":
        """See :func:`in_windows`; ``size`` is ``(D, H, W)`` of the image."""
        window = tuple(min(p, -(-n // d) * d) for p, n, d in zip(patch, size, divisor, strict=True))
        missing = [max(0, w - n) for w, n in zip(window, size, strict=True)]
        padding = tuple((m // 2, m - m // 2) for m in missing)
        padded = [n + m for n, m in zip(size, missing, strict=True)]
        starts = product(*map(_starts, padded, window, [overlap] * 3))
        boxes = tuple(_box(place, window) for place in starts)
        return cls(window, padding, fill, boxes, _box([before for before, _ in padding], size))


def _averaged(image: Image, run: Callable[[Image], Image], layout: Layout) -> Image:
    weight = importance(layout.window)
    total = np.zeros(image.shape[2:], np.float32)
    answer: Image | None = None
    for box in layout.boxes:
        checkpoint()
        part = run(np.ascontiguousarray(image[box])) * weight
        if answer is None:
            answer = np.zeros((*part.shape[:2], *image.shape[2:]), np.float32)
        answer[box] += part
        total[box[2:]] += weight
    assert answer is not None
    answer /= total
    return answer


def _box(starts: Sequence[int], lengths: Sequence[int]) -> Box:
    """All of the batch and the channels, and ``lengths`` voxels from ``starts`` on."""
    places = (slice(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return slice(None), slice(None), *places


def _starts(size: int, window: int, overlap: float) -> list[int]:
    """Where windows start so that they cover ``size``; the last one ends where the image does."""
    step = max(1, int(window * (1 - overlap)))
    count = -(-(size - window) // step) + 1
    return [min(n * step, size - window) for n in range(count)]


@lru_cache(maxsize=4)
def importance(window: tuple[int, ...]) -> Image:
    """The weight ``[d, h, w]`` of each voxel of a window in the mean: a Gaussian around its middle."""
    lines = []
    for length in window:
        place = np.arange(length) - (length - 1) / 2
        lines.append(np.exp(-(place**2) / (2 * (_SIGMA * length) ** 2)))
    weight = lines[0][:, None, None] * lines[1][:, None] * lines[2]
    return np.maximum(weight, max(float(weight.min()), _LEAST)).astype(np.float32)
