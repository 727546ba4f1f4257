"""Inception-ResNet-v2 (Szegedy et al. 2017, figures 3 to 9), without its classifier.

Layers are named as in the weights that circulate for PyTorch. The stem pads its convolutions, so that each
feature is exactly half as large as the one before; this changes no weight.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from .encoder import Encoder


class _Convolution(nn.Sequential):
    """Convolution, batch normalisation, ReLU; the size stays but for the stride."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int | tuple[int, int], stride: int = 1
    ) -> None:
        rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (rows // 2, columns // 2)
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, (rows, columns), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)


class _Branches(nn.Module):
    """Branches side by side, their answers joined as channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        for number, branch in enumerate(branches):
            self.add_module(f"branch{number}", branch)

    def forward(self, values: Tensor) -> Tensor:
        return torch.cat([branch(values) for branch in self.children()], dim=1)


class _Residual(nn.Module):
    """Branches whose answer, after a 1x1 convolution and scaled down, is added to the input."""

    def __init__(self, channels: int, joined: int, scale: float, *branches: nn.Module, last: bool = False):
        super().__init__()
        self.branches = len(branches)
        self.scale, self.last = scale, last
        for number, branch in enumerate(branches):
            self.add_module(f"branch{number}", branch)
        self.conv2d = nn.Conv2d(joined, channels, kernel_size=1)

    def forward(self, values: Tensor) -> Tensor:
        joined = [getattr(self, f"branch{number}")(values) for number in range(self.branches)]
        values = values + self.conv2d(torch.cat(joined, dim=1)) * self.scale
        return values if self.last else relu(values)


def _block35() -> _Residual:
    return _Residual(
        320,
        128,
        0.17,
        _Convolution(320, 32, 1),
        nn.Sequential(_Convolution(320, 32, 1), _Convolution(32, 32, 3)),
        nn.Sequential(_Convolution(320, 32, 1), _Convolution(32, 48, 3), _Convolution(48, 64, 3)),
    )


def _block17() -> _Residual:
    deep = nn.Sequential(
        _Convolution(1088, 128, 1), _Convolution(128, 160, (1, 7)), _Convolution(160, 192, (7, 1))
    )
    return _Residual(1088, 384, 0.10, _Convolution(1088, 192, 1), deep)


def _block8(scale: float = 0.20, last: bool = False) -> _Residual:
    deep = nn.Sequential(
        _Convolution(2080, 192, 1), _Convolution(192, 224, (1, 3)), _Convolution(224, 256, (3, 1))
    )
    return _Residual(2080, 448, scale, _Convolution(2080, 192, 1), deep, last=last)


def _mixed_5b() -> _Branches:
    return _Branches(
        _Convolution(192, 96, 1),
        nn.Sequential(_Convolution(192, 48, 1), _Convolution(48, 64, 5)),
        nn.Sequential(_Convolution(192, 64, 1), _Convolution(64, 96, 3), _Convolution(96, 96, 3)),
        nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), _Convolution(192, 64, 1)),
    )


def _mixed_6a() -> _Branches:
    return _Branches(
        _Convolution(320, 384, 3, 2),
        nn.Sequential(_Convolution(320, 256, 1), _Convolution(256, 256, 3), _Convolution(256, 384, 3, 2)),
        nn.MaxPool2d(3, 2, 1),
    )


def _mixed_7a() -> _Branches:
    return _Branches(
        nn.Sequential(_Convolution(1088, 256, 1), _Convolution(256, 384, 3, 2)),
        nn.Sequential(_Convolution(1088, 256, 1), _Convolution(256, 288, 3, 2)),
        nn.Sequential(_Convolution(1088, 256, 1), _Convolution(256, 288, 3), _Convolution(288, 320, 3, 2)),
        nn.MaxPool2d(3, 2, 1),
    )


class InceptionResNetV2Encoder(Encoder):
    """Features of the stem at a half and a quarter of the size, and after each group of residual blocks."""

    channels = (64, 192, 320, 1088, 1536)
    first_stride = 2

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv2d_1a = _Convolution(in_channels, 32, 3, 2)
        self.conv2d_2a = _Convolution(32, 32, 3)
        self.conv2d_2b = _Convolution(32, 64, 3)
        self.maxpool_3a = nn.MaxPool2d(3, 2, 1)
        self.conv2d_3b = _Convolution(64, 80, 1)
        self.conv2d_4a = _Convolution(80, 192, 3)
        self.maxpool_5a = nn.MaxPool2d(3, 2, 1)
        self.mixed_5b = _mixed_5b()
        self.repeat = nn.Sequential(*(_block35() for _ in range(10)))
        self.mixed_6a = _mixed_6a()
        self.repeat_1 = nn.Sequential(*(_block17() for _ in range(20)))
        self.mixed_7a = _mixed_7a()
        self.repeat_2 = nn.Sequential(*(_block8() for _ in range(9)))
        self.block8 = _block8(scale=1.0, last=True)
        self.conv2d_7b = _Convolution(2080, 1536, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        half = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(image)))
        quarter = self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(half)))
        eighth = self.repeat(self.mixed_5b(self.maxpool_5a(quarter)))
        sixteenth = self.repeat_1(self.mixed_6a(eighth))
        last = self.conv2d_7b(self.block8(self.repeat_2(self.mixed_7a(sixteenth))))
        return [half, quarter, eighth, sixteenth, last]
