"""The residual 3D U-Net of both stages of the cascade.

After Xu et al., "An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and Hemorrhagic Volume
Estimation", section 4.1.
"""

from collections.abc import Sequence

from monai.networks.nets import DynUNet
from torch import Tensor, nn

# Where the resolution is halved on the way down, per axis (slice, row, column): in plane six times, through
# the slices twice, so that 16 x 320 x 320 becomes 4 x 5 x 5. Slices are about ten times as far apart as
# pixels, so they are halved in the middle, where the voxels have become nearly cubes.
_STRIDES = [[1, 1, 1], [1, 2, 2], [1, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2], [1, 2, 2]]
_FLAT, _CUBE = [1, 3, 3], [3, 3, 3]

# Every axis of the input must be a multiple of this.
DIVISOR = (4, 64, 64)


class ResidualUNet(nn.Module):
    """Encoder and decoder of six levels below or above a bottleneck, each of two convolutions with batch
    normalisation, ReLU and a residual connection; skip connections join equal levels.

    Built from MONAI's :class:`~monai.networks.nets.DynUNet`.

    Args:
        in_channels: channels of the input, one for each HU window.
        out_channels: background and the labels.
        features: channels of the six levels and the bottleneck.
        flat_levels: the first levels use 1x3x3 kernels, as their voxels are far from cubes; the rest 3x3x3.
        deep_supervision: how many decoder levels beside the last give an output while training.
        spatial_dims: 2 makes the same network of 2D convolutions for single slices (section 5.1, "2D-Model").
    """

    divisor = DIVISOR

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        features: Sequence[int] = (32, 64, 128, 256, 320, 320, 320),
        flat_levels: int = 2,
        deep_supervision: int = 5,
        spatial_dims: int = 3,
    ) -> None:
        super().__init__()
        if len(features) != len(_STRIDES):
            raise ValueError(f"expected {len(_STRIDES)} numbers of features, found {len(features)}")
        kernels = [_FLAT if level < flat_levels else _CUBE for level in range(len(_STRIDES))]
        in_plane = slice(3 - spatial_dims, None)
        strides = [stride[in_plane] for stride in _STRIDES]
        self.network = DynUNet(
            spatial_dims=spatial_dims,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=[kernel[in_plane] for kernel in kernels],
            strides=strides,
            upsample_kernel_size=strides[1:],
            filters=list(features),
            norm_name="batch",
            act_name=("relu", {"inplace": True}),
            deep_supervision=True,
            deep_supr_num=deep_supervision,
            res_block=True,
        )

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, D, H, W]`` of ``image`` ``[B, in_channels, D, H, W]``, or while training
        ``[B, 1 + deep_supervision, out_channels, D, H, W]``, the finest first; without ``D`` in 2D."""
        return self.network(image)
