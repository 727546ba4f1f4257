"""VGG16 (Simonyan and Zisserman 2015, configuration D), without its classifier."""

from torch import Tensor, nn

from .encoder import Encoder

# Output channels of the convolutions of each block; a 2x2 max pooling stands between blocks and at the end.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16Encoder(Encoder):
    """13 convolutions of 3x3, each with ReLU: features before each of five poolings and after the last."""

    channels = (64, 128, 256, 512, 512, 512)
    first_stride = 1

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for block in _BLOCKS:
            for width in block:
                layers += [nn.Conv2d(in_channels, width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                in_channels = width
            layers.append(nn.MaxPool2d(kernel_size=2))
        self.features = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> list[Tensor]:
        found, values = [], image
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                found.append(values)
            values = layer(values)
        return [*found, values]
