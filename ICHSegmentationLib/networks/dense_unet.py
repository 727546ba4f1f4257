"""The coarse 2D network of Qayyum et al., "Automatic Segmentation of Intracranial hemorrhage using Coarse and
Fine deep learning models", section 1.1: a dense encoder and a decoder that is not dense."""

from collections.abc import Sequence
from itertools import pairwise

from monai.networks.blocks import DenseBlock
from monai.networks.nets.basic_unet import UpCat
from torch import Tensor, nn

_RELU, _NORM = ("relu", {"inplace": True}), "batch"


class DenseUNet(nn.Module):
    """Dense blocks of 2D layers, each followed by a transition that halves channels and size; the decoder
    joins the output of each block by a skip connection.

    Args:
        in_channels: channels of a slice.
        out_channels: one, to be followed by a sigmoid.
        blocks: number of dense blocks, each of ``layers`` layers.
        first_features: channels that the first block gets.
        growth: channels that each layer adds; its 1x1 convolution makes four times as many (DenseNet-BC).
        decoder_features: channels of the decoder's levels, the coarsest first.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        blocks: int = 5,
        layers: int = 6,
        first_features: int = 64,
        growth: int = 32,
        decoder_features: Sequence[int] = (256, 128, 64, 32, 16),
    ) -> None:
        super().__init__()
        if len(decoder_features) != blocks:
            raise ValueError(f"expected {blocks} numbers of decoder features, found {len(decoder_features)}")
        self.first = nn.Conv2d(in_channels, first_features, kernel_size=3, padding=1, bias=False)
        self.blocks, self.transitions, self.up = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        skips, width = [], first_features
        for _ in range(blocks):
            self.blocks.append(DenseBlock([_layer(width + n * growth, growth) for n in range(layers)]))
            skips.append(width + layers * growth)
            width = skips[-1] // 2
            self.transitions.append(_transition(skips[-1], width))
        widths = pairwise((width, *decoder_features))
        for (below, above), skip in zip(widths, reversed(skips), strict=True):
            self.up.append(UpCat(2, below, skip, above, _RELU, _NORM, bias=False))
        self.head = nn.Conv2d(decoder_features[-1], out_channels, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, H, W]`` of slices ``[B, in_channels, H, W]``."""
        values, skips = self.first(image), []
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            skips.append(block(values))
            values = transition(skips[-1])
        for up in self.up:
            values = up(values, skips.pop())
        return self.head(values)


def _layer(channels: int, growth: int) -> nn.Sequential:
    """A dense layer: a 1x1 and a 3x3 convolution, each behind batch normalisation and ReLU."""
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False),
        nn.BatchNorm2d(4 * growth),
        nn.ReLU(inplace=True),
        nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False),
    )


def _transition(channels: int, out_channels: int) -> nn.Sequential:
    """Batch normalisation, a 1x1 convolution and 2x2 average pooling."""
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, out_channels, kernel_size=1, bias=False),
        nn.AvgPool2d(kernel_size=2),
    )
