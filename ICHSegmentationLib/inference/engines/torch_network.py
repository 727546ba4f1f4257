"""A stage's network in PyTorch, on any device; every other engine is made from it and measured by it."""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...models import ModelFolder
from ...networks import build
from ...networks.residual_unet import DIVISOR
from ...networks.weights import load_weights
from ...settings import EngineName
from .network import Image


class TorchNetwork:
    """See :class:`~.network.Network`.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
    """

    engine: EngineName = "torch"

    def __init__(self, model: ModelFolder, stage: str, device: torch.device, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        module = folded_module(model, stage)
        self.divisor = divisor_of(module)
        self._device = device
        self._module = module.to(device)
        self._module.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, image: Image) -> Image:
        # On a GPU, TF32 and free choice of algorithms would change the mask from run to run.
        with torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False):
            logits: Image = self._module(torch.from_numpy(image).to(self._device)).cpu().numpy()
            return logits


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
