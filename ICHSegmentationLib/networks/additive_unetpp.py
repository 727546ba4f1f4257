"""The 3D U-Net++ whose skip connections add instead of concatenate, so that a whole scan fits in memory.

After Al Fahim, "Detection, Classification, and Segmentation of Intracranial Haemorrhages", section V, and
Zhou et al., "UNet++: A Nested U-Net Architecture for Medical Image Segmentation" (DLMIA 2018).
"""

from collections.abc import Sequence
from itertools import pairwise

from monai.networks.blocks import UpSample
from monai.networks.nets.basic_unet import Down, TwoConv
from torch import Tensor, nn

_RELU, _NORM = ("relu", {"inplace": True}), "batch"


class AdditiveUNetPlusPlus(nn.Module):
    """U-Net++ in which a node gets the sum of the nodes left of it and of the upsampled node below.

    With concatenation the node ``j`` of the finest level reads ``j + 1`` tensors at once, and every node of a
    level stays in memory until the last one has read it. With addition one running sum per level is all that
    stays, and no node reads more than one tensor's channels.

    Args:
        in_channels: channels of the scan.
        out_channels: one, to be followed by a sigmoid.
        features: channels of every node of each level, the finest first.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        features: Sequence[int] = (32, 32, 64, 128, 256),
    ) -> None:
        super().__init__()
        self.first = TwoConv(3, in_channels, features[0], _RELU, _NORM, bias=False)
        self.down = nn.ModuleList(
            Down(3, above, below, _RELU, _NORM, bias=False) for above, below in pairwise(features)
        )
        # a diagonal holds the nodes that can be made once the encoder has reached one level lower
        self.diagonals = nn.ModuleList(
            nn.ModuleList(_Node(features[level + 1], features[level]) for level in range(bottom, -1, -1))
            for bottom in range(len(features) - 1)
        )
        self.head = nn.Conv3d(features[0], out_channels, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, D, H, W]`` of ``image`` ``[B, in_channels, D, H, W]``."""
        encoded = node = self.first(image)
        sums = [encoded]
        for down, diagonal in zip(self.down, self.diagonals, strict=True):
            encoded = node = down(encoded)
            last = len(sums) == len(self.down)
            for level, make in zip(reversed(range(len(sums))), diagonal.children(), strict=True):
                # on the last diagonal nobody else reads a level's sum
                left = sums.pop() if last else sums[level]
                node = make(node, left)
                if not last:
                    sums[level] = left + node
            if not last:
                sums.append(encoded)
        return self.head(node)


class _Node(nn.Module):
    """Upsamples what lies below it, adds the sum of what lies left of it, and convolves twice."""

    def __init__(self, below: int, features: int) -> None:
        super().__init__()
        self.up = UpSample(3, below, features, 2, mode="deconv")
        self.convolutions = TwoConv(3, features, features, _RELU, _NORM, bias=False)

    def forward(self, below: Tensor, left: Tensor) -> Tensor:
        return self.convolutions(self.up(below).add_(left))
