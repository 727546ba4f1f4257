"""nnU-Net's plain U-Net, with its levels given.

After Isensee et al., "nnU-Net: a self-configuring method for deep learning-based biomedical image
segmentation", Nature Methods 18 (2021), and its first version's code, which Li and Chen trained.
"""

from collections.abc import Sequence

from monai.networks.nets import DynUNet
from torch import Tensor, nn


class NNUNet(nn.Module):
    """Strided convolutions down, transposed convolutions up; each level is two convolutions, each followed by
    instance normalisation and leaky ReLU of slope 0.01.

    Built from MONAI's :class:`~monai.networks.nets.DynUNet`.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the input.
        out_channels: channels of the answer.
        features: channels of each level, the last being the bottleneck.
        strides: how each level after the first shrinks its input, per axis: one for each level but the first.
        flat_levels: the first levels use 1x3x3 kernels (3D), as their voxels are far from cubes.
        deep_supervision: how many decoder levels beside the last give an output while training; nnU-Net gives
            the two coarsest none.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int,
        features: Sequence[int],
        strides: Sequence[Sequence[int]],
        flat_levels: int = 0,
        deep_supervision: int = 0,
    ) -> None:
        super().__init__()
        if len(strides) != len(features) - 1:
            raise ValueError(f"expected {len(features) - 1} strides, found {len(strides)}")
        flat, cube = [1] * (spatial_dims - 2) + [3, 3], [3] * spatial_dims
        self.network = DynUNet(
            spatial_dims=spatial_dims,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=[flat if level < flat_levels else cube for level in range(len(features))],
            strides=[[1] * spatial_dims, *strides],
            upsample_kernel_size=strides,
            filters=list(features),
            norm_name=("instance", {"affine": True}),
            act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
            deep_supervision=deep_supervision > 0,
            deep_supr_num=max(1, deep_supervision),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Logits ``[B, out_channels, ...]`` of ``image`` ``[B, in_channels, ...]``, or while training
        ``[B, 1 + deep_supervision, out_channels, ...]``, the finest first."""
        return self.network(image)
