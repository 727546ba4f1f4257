"""The 3D U-Net of both stages of Zhao et al., "3D Cascade U-Net for Intracranial Hemorrhage Segmentation on
CT Images", section 2.3."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from monai.networks.nets.basic_unet import Down, TwoConv, UpCat
from torch import Tensor, nn
from torch.nn.functional import interpolate

_ACT = ("leakyrelu", {"inplace": True, "negative_slope": 0.01})
_NORM = ("instance", {"affine": True})


class PooledUNet(nn.Module):
    """Max pooling down, 2x2x2 transposed convolutions that halve the channels up; each level is two times
    convolution, instance normalisation, leaky ReLU; a 1x1x1 convolution makes the answer.

    Built from the blocks of MONAI's :class:`~monai.networks.nets.BasicUNet`, with deep supervision added.

    Args:
        in_channels: one for each HU window.
        out_channels: one, to be followed by a sigmoid.
        features: channels of each level, the last being the bottleneck.
        deep_supervision: how many decoder levels beside the last give an output while training.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (32, 64, 128, 256, 320),
        deep_supervision: int = 2,
    ) -> None:
        super().__init__()
        if not 0 <= deep_supervision < len(features) - 1:
            raise ValueError(f"expected fewer than {len(features) - 1} levels of deep supervision")
        self.first = TwoConv(3, in_channels, features[0], _ACT, _NORM, bias=True)
        self.down = nn.ModuleList(
            Down(3, above, below, _ACT, _NORM, bias=True) for above, below in pairwise(features)
        )
        self.up = nn.ModuleList(
            UpCat(3, below, above, above, _ACT, _NORM, bias=True) for below, above in pairwise(features[::-1])
        )
        self.heads = nn.ModuleList(
            nn.Conv3d(width, out_channels, kernel_size=1) for width in features[: deep_supervision + 1]
        )

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, D, H, W]`` of ``image`` ``[B, in_channels, D, H, W]``, or while training
        ``[B, 1 + deep_supervision, out_channels, D, H, W]``, the finest first."""
        levels = [self.first(image)]
        for down in self.down:
            levels.append(down(levels[-1]))
        decoded = [levels.pop()]
        for up in self.up:
            decoded.append(up(decoded[-1], levels.pop()))
        finest_first = decoded[::-1]
        if not self.training or len(self.heads) == 1:
            return self.heads[0](finest_first[0])
        answers = [head(level) for head, level in zip(self.heads, finest_first, strict=False)]
        return torch.stack([interpolate(answer, image.shape[2:]) for answer in answers], dim=1)
