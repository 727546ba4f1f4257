"""Patches as a tilted gantry or a reformatted scan would show them: planes that climb through the slices."""

from math import ceil

import torch
from torch import Tensor


def margin_of(climb: float) -> int:
    """How many slices below and above a patch are needed so that its planes can climb by ``climb`` slices."""
    return ceil(abs(climb) / 2)


def climbing(values: Tensor, climb: float) -> Tensor:
    """Planes that rise by ``climb`` slices from their first row to their last, linear between slices.

    Args:
        values: ``[..., D + 2 margin, H, W]``, see :func:`margin_of`.
        climb: in slices; negative ones descend.

    Returns:
        ``[..., D, H, W]``.
    """
    depth, height = values.shape[-3:-1]
    margin = margin_of(climb)
    offset = torch.linspace(-climb / 2, climb / 2, height)
    below = offset.floor().long()
    planes = torch.arange(margin, depth - margin)[:, None] + below
    rows = torch.arange(height)
    lower = values[..., planes, rows, :]
    upper = values[..., (planes + 1).clamp(max=depth - 1), rows, :]
    return torch.lerp(lower, upper, (offset - below)[:, None])
