"""One network of a trained recipe: from a scan to its input, and from its answer to a probability."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from torch import Tensor, nn

from ..cancellation import checkpoint
from ..errors import ModelError
from ..models import ModelFolder, Stage, StageInput
from ..networks import build
from ..networks.weights import load_weights
from ..preparation.channels import channels
from .engines.computing import AtOnce, Computing
from .region_box import Box, region_box
from .resampling import network_shape, resample

Spacing = Sequence[float]
_SLICES_AT_ONCE = 8
_WINDOWS_AT_ONCE = {False: 1, True: 4}
"""Of a 3D network, by whether it runs on a GPU: a CPU is no faster with several."""


class StagedNetwork:
    """Runs a network as its stage in a manifest says.

    Args:
        stage: with an ``input``.
        network: its weights loaded.
        device: where it runs.
        half: see :class:`~.engines.computing.Computing`.

    Raises:
        ModelError: the stage has no ``input``.
    """

    def __init__(self, stage: Stage, network: nn.Module, device: torch.device, half: bool = False) -> None:
        self._stage, self._input = stage, fed_with(stage)
        self._computing = Computing(device, half)
        self._network = network.to(device)
        self._at_once = AtOnce(_SLICES_AT_ONCE if _is_flat(stage) else _WINDOWS_AT_ONCE[device.type != "cpu"])

    @classmethod
    def open(cls, model: ModelFolder, name: str, device: torch.device, half: bool = False) -> "StagedNetwork":
        """The stage ``name`` of a model folder.

        Raises:
            ModelError: the weights do not fit the network that the manifest describes, or are gone or others.
        """
        stage = model.manifest.stages[name]
        network = build(stage.network)
        # a large ensemble comes here at every scan, hours after the whole model was verified
        load_weights(network, model.verified_weights(name))
        return cls(stage, network.eval(), device, half)

    @torch.inference_mode()
    def probability(
        self, hu: NDArray[Any], spacing: Spacing, earlier: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Probability of hemorrhage ``[D, H, W]`` on the scan's own grid.

        Args:
            hu: ``[D, H, W]`` in canonical order, HU.
            spacing: mm along slices, rows, columns.
            earlier: ``[D, H, W]`` probability of the earlier stage, where this one needs it.
        """
        box = region(self._input, earlier, hu.shape)
        if box is None:
            return np.zeros(hu.shape, np.float32)
        image = network_image(self._stage, hu, spacing, earlier, box, self._computing)
        found = self._at_once.run(partial(self._in_windows, image))
        if not self._computing.resamples:
            found = found.cpu()
        whole = np.zeros(hu.shape, np.float32)
        whole[box] = resample(found, [side.stop - side.start for side in box])[0].cpu().numpy()
        return whole

    def _in_windows(self, image: Tensor, at_once: int) -> Tensor:
        """Probability ``[1, D, H, W]`` of ``image`` ``[C, D, H, W]``, overlapping windows averaged."""
        flat = _is_flat(self._stage)
        batch = image.transpose(0, 1) if flat else image[None]
        skipped = 1 if flat else 0
        patch, step = self._stage.patch[skipped:], self._input.window_step[skipped:]
        found = torch.cat(
            [
                sliding_window_inference(  # type: ignore[misc]
                    part.to(self._computing.device),
                    patch,
                    at_once,
                    self._answer,
                    overlap=[1 - s / p for s, p in zip(step, patch, strict=True)],
                    mode=self._input.window_blend,
                    padding_mode="constant",
                    cval=0.0,
                )
                for part in batch.split(_SLICES_AT_ONCE)
            ]
        )
        return found.transpose(0, 1) if flat else found[0]

    def _answer(self, window: Tensor) -> Tensor:
        """Probability ``[B, 1, ...]`` of one window."""
        checkpoint()
        logits = self._computing.answer(self._network, window)
        return (
            torch.sigmoid(logits[:, :1]) if self._input.activation == "sigmoid" else logits.softmax(1)[:, 1:2]
        )


def _is_flat(stage: Stage) -> bool:
    """Whether the network sees single slices."""
    return stage.patch[0] == 1


def fed_with(stage: Stage) -> StageInput:
    """The stage's ``input``.

    Raises:
        ModelError: it has none.
    """
    if stage.input is None:
        raise ModelError(
            f"model.json: expected 'input' in the stage with {stage.weights}, found none.",
            "The recipes 'stages', 'mean' and 'half_ratio' need it; export the model again.",
        )
    return stage.input


def region(fed: StageInput, earlier: NDArray[np.float32] | None, shape: Sequence[int]) -> Box | None:
    """The part of the scan that a network sees: all, or what an earlier stage points to; None for nothing."""
    if fed.earlier is not None and fed.earlier.use == "region" and earlier is not None:
        return region_box(earlier, fed.earlier.enlarged)
    depth, height, width = shape
    return slice(0, depth), slice(0, height), slice(0, width)


def network_image(
    stage: Stage,
    hu: NDArray[Any],
    spacing: Spacing,
    earlier: NDArray[np.float32] | None,
    box: Box,
    computing: Computing | None = None,
) -> Tensor:
    """What the network sees of ``box``: ``[C, D, H, W]`` float32 on its grid.

    Values are clipped and normalised on the scan's own grid, over the whole scan, then cropped and resampled:
    on the device of ``computing`` where that can, else on the CPU.
    """
    fed = fed_with(stage)
    image = channels(hu, stage.windows, fed.normalisation, fed.mean_std)
    if fed.earlier is not None and fed.earlier.use != "region":
        if earlier is None:
            raise ValueError("expected the probability of the earlier stage, found None")
        prior = (earlier >= 0.5).astype(np.float32) if fed.earlier.as_mask else earlier
        image = prior[None] if fed.earlier.use == "replace" else np.concatenate([image, prior[None]])
    crop = np.ascontiguousarray(image[:, box[0], box[1], box[2]])
    cropped = computing.sent(crop) if computing and computing.resamples else torch.from_numpy(crop)
    target = None if fed.own_spacing else stage.spacing_mm
    return resample(cropped, network_shape(cropped.shape[1:], spacing, target, fed.shape))
