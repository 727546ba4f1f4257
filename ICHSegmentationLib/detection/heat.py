"""What a detector's network looked at: Grad-CAM (Selvaraju et al., ICCV 2017) on the scan's own grid."""

from functools import cached_property

import numpy as np
import torch
from monai.visualize import GradCAM
from numpy.typing import NDArray
from torch import Tensor, nn

from .calibration import within_scan
from .detector import AT_ONCE, SLICES, Detector
from .parts import network_of
from .pictures import Pictures
from .result import CLASSES

Array = NDArray[np.float32]

TARGET_LAYER = "layer4"
"""The last convolutions before the features, as in the paper (section III.B.4)."""


class HeatMaps:
    """Heat maps of one scan, one for each class.

    The heat of a slice is the Grad-CAM of the network that judges single slices, over the scan's highest,
    times the slice's probability: a healthy scan stays dark. A network that marks hemorrhage by itself
    (``slice_map``) needs no gradient: its own map is shown.

    Args:
        detector: whose model gave ``pictures``.
        pictures: of the scan.

    Raises:
        ModelError: the weights do not fit the network that the manifest describes.
    """

    def __init__(self, detector: Detector, pictures: Pictures) -> None:
        self._point, self._device = detector.point, torch.device(detector.device)
        self._pictures = pictures
        logits = detector.logits(pictures.images)
        self._probabilities, self._of_scan = self._point.probabilities(logits), self._point.of_scan(logits)
        self._network = network_of(detector.model, SLICES).to(self._device)
        self._cam = None if hasattr(self._network, "cells") else cam_of(self._network)

    def of(self, label: str) -> NDArray[np.uint8]:
        """Heat of this class, 0 to 100, ``[D, H, W]`` on the scan's own grid."""
        number = CLASSES.index(label)
        output = self._point.order[number]
        if len(self._pictures.images) == 0:
            maps = np.zeros((0, 1, 1), np.float32)
        elif self._cam is None:
            maps = self._marks[..., number]
        else:
            maps = np.concatenate([grad_cam(self._cam, images, output) for images in self._batches()])
            highest = float(maps.max(initial=0))
            maps = maps / max(highest, 1e-12) * self._probabilities[:, number, None, None]
        heat = self._pictures.on_grid(maps.astype(np.float32))
        heat *= 100
        return np.rint(np.clip(heat, 0, 100, out=heat), out=heat).astype(np.uint8)

    @cached_property
    def _marks(self) -> Array:
        """``[S, h, w, K]``: probabilities of each cell of the network's own map, none above the scan's."""
        with torch.inference_mode():
            cells = [self._network.cells(images).cpu().numpy() for images in self._batches()]  # type: ignore[operator]
        ordered = np.concatenate(cells).transpose(0, 2, 3, 1)[..., list(self._point.order)]
        marks = self._point.calibration.of_images(ordered)
        return within_scan(marks, self._of_scan).astype(np.float32)

    def _batches(self) -> list[Tensor]:
        images = self._pictures.images
        return [
            torch.from_numpy(np.ascontiguousarray(images[first : first + AT_ONCE])).to(self._device)
            for first in range(0, len(images), AT_ONCE)
        ]


def cam_of(network: nn.Module) -> GradCAM:
    """Grad-CAM of a network, made once: it leaves hooks there."""
    # Gradients end before the target layer: those of the layers below, most of the work, change nothing.
    network.get_submodule(TARGET_LAYER).register_forward_pre_hook(_cut)
    return GradCAM(nn_module=network, target_layers=TARGET_LAYER)


def grad_cam(cam: GradCAM, images: Tensor, output: int) -> Array:
    """``[S, h, w]`` of images ``[S, C, H, W]`` and one output of the network, at the layer's resolution."""
    maps: Array = cam.compute_map(images, class_idx=output)[:, 0].detach().cpu().numpy()
    return maps


def _cut(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].detach().requires_grad_(),)
