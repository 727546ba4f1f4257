"""DenseNet (Huang et al. 2017) from MONAI, without its classifier."""

from typing import Literal

from monai.networks.nets import DenseNet121, DenseNet169
from torch import Tensor
from torch.nn.functional import relu

from .encoder import Encoder

_NETWORKS = {"densenet121": DenseNet121, "densenet169": DenseNet169}
_LAST_CHANNELS = {"densenet121": 1024, "densenet169": 1664}
_THIRD_CHANNELS = {"densenet121": 1024, "densenet169": 1280}


class DenseNetEncoder(Encoder):
    """Features after the first convolution and after each of four dense blocks, before its transition."""

    first_stride = 2

    def __init__(self, name: Literal["densenet121", "densenet169"], in_channels: int) -> None:
        super().__init__()
        self.channels = (64, 256, 512, _THIRD_CHANNELS[name], _LAST_CHANNELS[name])
        self.features = _NETWORKS[name](spatial_dims=2, in_channels=in_channels, out_channels=1).features

    def forward(self, image: Tensor) -> list[Tensor]:
        found, values = [], image
        for name, layer in self.features.named_children():
            values = layer(values)
            if name in ("relu0", "denseblock1", "denseblock2", "denseblock3"):
                found.append(values)
        return [*found, relu(values)]
