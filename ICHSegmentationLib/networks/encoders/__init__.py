"""The image encoders of Al Fahim's 2D U-Net++, section IV: each gives its features at several sizes.

All are built without a network connection; their layers are named as in the published ImageNet weights, which
are filled in only from a file that the user has.
"""

from .build import ENCODERS, build_encoder
from .encoder import Encoder
from .imagenet import load_imagenet_weights

__all__ = ["ENCODERS", "Encoder", "build_encoder", "load_imagenet_weights"]
