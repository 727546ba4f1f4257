"""What an image encoder gives."""

from torch import nn


class Encoder(nn.Module):
    """Takes images ``[B, C, H, W]`` and gives a list of features, the finest first, each half the size of the
    one before.

    Attributes:
        channels: of each of the features.
        first_stride: by how much the first of them is smaller than the image.
    """

    channels: tuple[int, ...]
    first_stride: int
