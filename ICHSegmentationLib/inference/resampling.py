"""Onto the grid of a recipe's network and back, the same way in training and in use.

All scaling maps image edge to image edge, so that there and back is the identity for places.
"""

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F


def network_shape(
    native: Sequence[int],
    spacing: Sequence[float],
    spacing_mm: Sequence[float] | None,
    shape: Sequence[int] | None = None,
) -> tuple[int, int, int]:
    """``(D, H, W)`` of a scan on a network's grid.

    Slices as thick as the network's or thicker stay as they are, as no slice can be won from them; thinner
    ones are joined in whole numbers.

    Args:
        native: ``(D, H, W)`` of the scan.
        spacing: mm along its slices, rows, columns.
        spacing_mm: the same of the network's grid; None is the scan's own.
        shape: the fixed size of the network's grid, whatever its spacing.
    """
    depth, height, width = native if shape is None else shape
    if shape is not None or spacing_mm is None:
        return depth, height, width
    joined = min(depth, max(1, round(spacing_mm[0] / spacing[0])))
    return (
        max(1, round(depth / joined)),
        max(1, round(height * spacing[1] / spacing_mm[1])),
        max(1, round(width * spacing[2] / spacing_mm[2])),
    )


def resample(values: Tensor, shape: Sequence[int]) -> Tensor:
    """``values`` ``[C, D, H, W]`` linearly interpolated to ``shape`` ``(D, H, W)``.

    Where an axis shrinks, every value counts (no aliasing).
    """
    depth, height, width = shape
    if tuple(values.shape[2:]) != (height, width):
        values = _linear(values, (height, width))
    if values.shape[1] != depth:
        turned = values.permute(0, 2, 1, 3)  # [C, H, D, W]
        values = _linear(turned, (depth, width)).permute(0, 2, 1, 3)
    return values.contiguous()


def _linear(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(planes, size, mode="bilinear", align_corners=False, antialias=True)
