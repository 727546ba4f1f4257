"""A stage's network in PyTorch, on any device; every other engine is made from it and measured by it."""

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...models import ModelFolder
from ...networks import build
from ...networks.residual_unet import DIVISOR
from ...networks.weights import load_weights
from ...settings import EngineName
from .computing import Computing
from .network import Image


class TorchNetwork:
    """See :class:`~.network.Network`.

    Args:
        computing: on which device, and in which precision.
        threads: CPU threads; None leaves PyTorch's choice.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
    """

    def __init__(self, model: ModelFolder, stage: str, computing: Computing, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        module = folded_module(model, stage)
        self.divisor = divisor_of(module)
        self.computing = computing
        self._module = computing.prepared(module)

    @property
    def engine(self) -> EngineName:
        return "amp" if self.computing.half else "torch"

    @torch.inference_mode()
    def __call__(self, image: Image) -> Image:
        logits: Image = self.on_device(self.computing.sent(image)).cpu().numpy()
        return logits

    def on_device(self, images: Tensor) -> Tensor:
        """Logits ``[B, K, D, H, W]`` of ``images`` ``[B, C, D, H, W]``, both on the device."""
        return self.computing.answer(self._module, images)


def folded_module(model: ModelFolder, stage: str) -> nn.Module:
    """The stage's network with its weights, each batch normalisation folded into the convolution before."""
    module = build(model.manifest.stages[stage].network)
    load_weights(module, model.weights(stage))
    return _folded(module.eval())


def divisor_of(module: nn.Module) -> tuple[int, int, int]:
    """The multiples that a network's input must have; those of the cascade's own where it does not tell."""
    divisor: tuple[int, int, int] = getattr(module, "divisor", DIVISOR)
    return divisor


def _folded(network: nn.Module) -> nn.Module:
    for block in network.modules():
        for conv, norm in (("conv1", "norm1"), ("conv2", "norm2"), ("conv3", "norm3")):
            if hasattr(block, conv) and isinstance(getattr(block, norm, None), torch.nn.BatchNorm3d):
                convolution = getattr(block, conv)
                convolution.conv = fuse_conv_bn_eval(convolution.conv, getattr(block, norm))
                setattr(block, norm, torch.nn.Identity())
    return network
