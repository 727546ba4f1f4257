"""ResNeXt (Xie et al., CVPR 2017) for slices: the detector's network of Al Fahim, section III.B.3.

Layers are named as in torchvision, so that its public ImageNet weights fit.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import relu

OUTPUTS = 6
"""Any hemorrhage and the five subtypes (section III.B.1)."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016, figure 5, left)."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int, groups: int, group_width: int) -> None:
        super().__init__()
        if groups != 1 or group_width != 64:
            raise ValueError("a block without bottleneck has no groups")
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = _shortcut(inputs, planes, stride)

    def forward(self, values: Tensor) -> Tensor:
        found = relu(self.bn1(self.conv1(values)))
        return relu(self.bn2(self.conv2(found)) + self.downsample(values))


class Bottleneck(nn.Module):
    """1x1, grouped 3x3 and 1x1 convolution and a shortcut (Xie et al. 2017, figure 3c)."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int, groups: int, group_width: int) -> None:
        super().__init__()
        inner, outputs = planes * group_width // 64 * groups, planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, values: Tensor) -> Tensor:
        found = relu(self.bn1(self.conv1(values)))
        found = relu(self.bn2(self.conv2(found)))
        return relu(self.bn3(self.conv3(found)) + self.downsample(values))


_BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNeXt(nn.Module):
    """Four stages of residual blocks, their features averaged over the slice, and a linear classifier.

    Args:
        layers: number of blocks of each stage.
        block: ``bottleneck``, or ``basic`` for small networks.
        groups: the cardinality of ResNeXt.
        group_width: channels of each group in the first stage.
        width: channels of the first stage before expansion; 64 in all published networks.
        in_channels: channels of a slice.
        outputs: logits.

    Attributes:
        feature_count: length of the feature vector before the classifier.
    """

    def __init__(
        self,
        layers: Sequence[int],
        block: Literal["basic", "bottleneck"] = "bottleneck",
        groups: int = 1,
        group_width: int = 64,
        width: int = 64,
        in_channels: int = 3,
        outputs: int = OUTPUTS,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        kind, inputs, stages = _BLOCKS[block], width, []
        for number, count in enumerate(layers):
            planes, stride = width * 2**number, 1 if number == 0 else 2
            blocks = []
            for index in range(count):
                blocks.append(kind(inputs, planes, stride if index == 0 else 1, groups, group_width))
                inputs = planes * kind.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.feature_count = inputs
        self.fc = nn.Linear(inputs, outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def maps(self, slices: Tensor) -> Tensor:
        """The last stage's maps ``[B, F, H / 32, W / 32]`` of slices ``[B, C, H, W]``."""
        values = self.maxpool(relu(self.bn1(self.conv1(slices))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            values = stage(values)
        return values

    def features(self, slices: Tensor) -> Tensor:
        """The feature vectors ``[B, F]`` before the classifier, of slices ``[B, C, H, W]``."""
        return self.maps(slices).mean(dim=(2, 3))

    def forward(self, slices: Tensor) -> Tensor:
        """Logits ``[B, outputs]`` of slices ``[B, C, H, W]``."""
        logits: Tensor = self.fc(self.features(slices))
        return logits


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


resnext101_32x8d = partial(ResNeXt, (3, 4, 23, 3), groups=32, group_width=8)
"""The paper's: 86.8 M parameters with six outputs, 2048 features."""

resnext50_32x4d = partial(ResNeXt, (3, 4, 6, 3), groups=32, group_width=4)
"""23.0 M parameters with six outputs, 2048 features."""

resnet18 = partial(ResNeXt, (2, 2, 2, 2), "basic")
"""For CPUs; with ``width`` 64 it takes ImageNet weights (512 features), with 24 it has 1.6 M parameters."""
