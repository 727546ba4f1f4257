"""The encoders by name."""

from collections.abc import Callable

from monai.networks.nets.resnet import ResNetFeatures

from .densenet import DenseNetEncoder
from .encoder import Encoder
from .inception_resnet_v2 import InceptionResNetV2Encoder
from .vgg import VGG16Encoder


class ResNet50Encoder(ResNetFeatures, Encoder):
    """MONAI's ResNet50 (He et al. 2016): features after the first convolution and after each stage."""

    channels = (64, 256, 512, 1024, 2048)
    first_stride = 2

    def __init__(self, in_channels: int) -> None:
        super().__init__("resnet50", pretrained=False, spatial_dims=2, in_channels=in_channels)


ENCODERS: dict[str, Callable[[int], Encoder]] = {
    "resnet50": ResNet50Encoder,
    "vgg16": VGG16Encoder,
    "densenet121": lambda in_channels: DenseNetEncoder("densenet121", in_channels),
    "densenet169": lambda in_channels: DenseNetEncoder("densenet169", in_channels),
    "inception_resnet_v2": InceptionResNetV2Encoder,
}


def build_encoder(name: str, in_channels: int) -> Encoder:
    """The encoder of this name with fresh weights.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in ENCODERS:
        raise ValueError(f"expected an encoder out of {', '.join(ENCODERS)}, found '{name}'")
    return ENCODERS[name](in_channels)
