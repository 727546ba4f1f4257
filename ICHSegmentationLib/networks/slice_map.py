"""A small network that marks hemorrhage on a slice and, from the marks, tells whether and which it is.

It is this project's own, for training on few scans and for CPUs. The coarse map is supervised where outlines
are known; where only "this slice bleeds" is known, its brightest cells are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 4
"""Pixels of the input along each side of a cell of the map."""


class SliceMap(nn.Module):
    """Logits of a slice, with the map that they come from.

    Args:
        in_channels: the slice's neighbours, itself in the middle, and last the brain as 0 and 1.
        out_channels: classes.
        features: channels at a half, a quarter and an eighth of the input's resolution.
        brightest: cells of the map whose mean makes the slice's logit.
    """

    def __init__(
        self,
        in_channels: int = 4,
        out_channels: int = 6,
        features: Sequence[int] = (12, 24, 40),
        brightest: int = 3,
    ) -> None:
        super().__init__()
        half, quarter, eighth = features
        self.brightest = brightest
        self.stem = _convolution(in_channels + 3, half, stride=2)
        self.fine = nn.Sequential(_convolution(half, quarter, stride=2), _Residual(quarter))
        self.deep = nn.Sequential(_convolution(quarter, eighth, stride=2), _Residual(eighth, dilation=2))
        self.lateral = nn.Conv2d(eighth, quarter, 1)
        self.join = _convolution(quarter, quarter)
        self.marks = nn.Conv2d(quarter, out_channels, 1)
        self.scale = nn.Parameter(torch.ones(out_channels))
        self.offset = nn.Parameter(torch.zeros(out_channels))
        nn.init.constant_(self.marks.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, slices: Tensor) -> Tensor:
        """Logits ``[B, C]`` of slices ``[B, in_channels, H, W]``."""
        return self.pooled(self.map(slices))

    def map(self, slices: Tensor) -> Tensor:
        """Logits ``[B, C, H / 4, W / 4]`` of each cell, those outside of the brain far below 0.

        In use, the mean of what the picture and its mirror image give: no side is preferred.
        """
        if self.training:
            return self._map(slices)
        return (self._map(slices) + self._map(slices.flip(-1)).flip(-1)) / 2

    def cells(self, slices: Tensor) -> Tensor:
        """Logits ``[B, C, H / 4, W / 4]`` of each cell as they stand in the slice's: a map to be shown."""
        return self.map(slices) * self.scale[:, None, None] + self.offset[:, None, None]

    def pooled(self, marks: Tensor) -> Tensor:
        """Logits ``[B, C]`` of a map ``[B, C, h, w]``: of its brightest cells."""
        top = marks.flatten(2).topk(self.brightest, dim=2).values
        # Before the mean: what follows one, OpenVINO 2026.4 joins to it along the wrong axis.
        return (top * self.scale[:, None] + self.offset[:, None]).mean(dim=2)

    def _map(self, slices: Tensor) -> Tensor:
        fine = self.fine(self.stem(torch.cat([slices, _mirror_difference(slices), _places(slices)], dim=1)))
        deep = F.interpolate(
            self.lateral(self.deep(fine)), fine.shape[2:], mode="bilinear", align_corners=False
        )
        marks = self.marks(self.join(fine + deep))
        brain = F.max_pool2d(slices[:, -1:], STRIDE, ceil_mode=True)
        return marks - 20 * (1 - brain)


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _convolution(channels, channels, dilation=dilation)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, values: Tensor) -> Tensor:
        return F.relu(values + self.second(self.first(values)))


def _convolution(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _mirror_difference(slices: Tensor) -> Tensor:
    """``[B, 1, H, W]``: how much brighter each place is than around its counterpart in the other half."""
    middle, brain = slices[:, (slices.shape[1] - 1) // 2][:, None], slices[:, -1:]
    sums = F.avg_pool2d(F.avg_pool2d(torch.cat([middle * brain, brain], dim=1), STRIDE), 3, 1, 1)
    around = (sums[:, :1] / sums[:, 1:].clamp(min=0.05)).flip(-1)
    around = F.interpolate(around, middle.shape[2:], mode="nearest")
    return (middle - around) * brain * brain.flip(-1)


def _places(slices: Tensor) -> Tensor:
    """``[B, 2, H, W]``: distance from the midline and place from front to back, as -1..1."""
    height, width = slices.shape[2:]
    rows = torch.linspace(-1, 1, height, device=slices.device, dtype=slices.dtype)
    across = torch.linspace(-1, 1, width, device=slices.device, dtype=slices.dtype)
    columns = F.relu(across) + F.relu(-across)  # OpenVINO 2026.4 gives wrong numbers for abs() of it
    nothing = slices[:, :1] * 0
    return torch.cat([nothing + columns, nothing + rows[:, None]], dim=1)
