"""The way of :class:`ICHSegmentationLib.inference.network_grid.NetworkGrid`, there and back, in PyTorch."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..network_grid import SLAB_HU, NetworkGrid
from ..resampling import resample


def image_on(grid: NetworkGrid, hu: Tensor, windows: Sequence[Sequence[float]]) -> Tensor:
    """What :meth:`NetworkGrid.image` gives: ``[1, C, D, H, W]`` of a crop ``[D, H, W]`` in HU."""
    slabs = torch.stack([block.float().clamp(*SLAB_HU).mean(0) for block in hu.split(grid.slab)])
    channels = [((slabs - (level - width / 2)) / width).clamp(0, 1) * 2 - 1 for level, width in windows]
    return resample(torch.stack(channels), grid.shape)[None]


def back_on(grid: NetworkGrid, values: Tensor, slices: slice = slice(None)) -> Tensor:
    """What :meth:`NetworkGrid.back` gives: ``values`` ``[D, H, W]`` on the crop's own grid, some slices."""
    depth, height, width = grid.native
    centre = (torch.arange(depth, device=values.device)[slices] + 0.5) / grid.slab - 0.5
    below = centre.floor().long().clamp(0, len(values) - 1)
    above = (below + 1).clamp(max=len(values) - 1)
    first, last = int(below.min()), int(above.max())
    planes = resample(values[None, first : last + 1], (last + 1 - first, height, width))[0]
    share = (centre - below).clamp(0, 1)[:, None, None]
    return torch.lerp(planes[below - first], planes[above - first], share)
