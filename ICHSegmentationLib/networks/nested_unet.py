"""The 2D U-Net++ with an image encoder of Al Fahim, "Detection, Classification, and Segmentation of
Intracranial Haemorrhages", section IV; the nesting is that of Zhou et al. (DLMIA 2018)."""

from collections.abc import Sequence

import torch
from monai.networks.blocks import UpSample
from monai.networks.nets.basic_unet import TwoConv
from torch import Tensor, nn

from .encoders import build_encoder

_RELU, _NORM = ("relu", {"inplace": True}), "batch"


class NestedUNet(nn.Module):
    """An encoder whose features are joined by nested nodes.

    Node ``n`` of a level reads all nodes left of it on its level, and node ``n - 1`` of the level below,
    upsampled. A node is two times 3x3 convolution, batch normalisation, ReLU.

    Args:
        encoder: one of :data:`~.encoders.ENCODERS`.
        in_channels: channels of a slice; 3 for ImageNet weights.
        out_channels: one, to be followed by a sigmoid.
        node_features: channels of the nodes of each level from full size on, halving in size each time.
    """

    def __init__(
        self,
        encoder: str,
        in_channels: int = 3,
        out_channels: int = 1,
        node_features: Sequence[int] = (16, 32, 64, 128, 256),
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, in_channels)
        first = self.encoder.first_stride.bit_length() - 1  # levels above the encoder's first feature
        encoded = self.encoder.channels
        widths = node_features[first:]
        if len(widths) != len(encoded) - 1:
            raise ValueError(f"expected {len(encoded) - 1 + first} numbers of node features")
        # column n holds node n + 1 of each level that has one
        self.columns = nn.ModuleList(_column(n, encoded, widths) for n in range(len(widths)))
        self.finest = _to_full_size(widths[0], node_features[:first])
        self.head = nn.Conv2d(node_features[0], out_channels, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, H, W]`` of slices ``[B, in_channels, H, W]``."""
        levels = [[feature] for feature in self.encoder(image)]
        for n, column in enumerate(self.columns):
            for level, node in enumerate(column.children()):
                levels[level].append(node(levels[level + 1][n], levels[level]))
        return self.head(self.finest(levels[0][-1]))


class _Node(nn.Module):
    """Upsamples what lies below it, joins it to the nodes left of it, and convolves twice."""

    def __init__(self, below: int, left: int, features: int) -> None:
        super().__init__()
        self.up = UpSample(2, below, features, 2, mode="deconv")
        self.convolutions = TwoConv(2, left + features, features, _RELU, _NORM, bias=False)

    def forward(self, below: Tensor, left: list[Tensor]) -> Tensor:
        return self.convolutions(torch.cat([*left, self.up(below)], dim=1))


def _column(n: int, encoded: Sequence[int], widths: Sequence[int]) -> nn.ModuleList:
    """Node ``n + 1`` of every level that has one, the finest level first."""
    below = encoded[1:] if n == 0 else widths[1:]
    count = len(widths) - n
    return nn.ModuleList(
        _Node(below[level], encoded[level] + n * widths[level], widths[level]) for level in range(count)
    )


def _to_full_size(channels: int, features: Sequence[int]) -> nn.Sequential:
    """Where the encoder's first feature is smaller than the image: upsampled, without a skip connection."""
    steps: list[nn.Module] = []
    for width in reversed(features):
        steps += [
            UpSample(2, channels, width, 2, mode="deconv"),
            TwoConv(2, width, width, _RELU, _NORM, bias=False),
        ]
        channels = width
    return nn.Sequential(*steps)
