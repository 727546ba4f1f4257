"""One member of a model: its stages, run one after the other."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import ModelError
from ..models import ModelFolder
from .staged import Spacing, StagedNetwork, fed_with

Answers = dict[str, NDArray[np.float32]]
"""Probability ``[D, H, W]`` on the scan's own grid that each stage gave."""


def members_of(model: ModelFolder) -> tuple[tuple[str, ...], ...]:
    """The names of each member's stages, in the order in which they run.

    Raises:
        ModelError: a stage has no ``input``, or needs one that has not run before it.
    """
    manifest = model.manifest
    members = manifest.members or (tuple(manifest.stages),)
    for names in members:
        for place, name in enumerate(names):
            earlier = fed_with(manifest.stages[name]).earlier
            if earlier is not None and earlier.stage not in names[:place]:
                raise ModelError(
                    f"model.json: the stage '{name}' needs '{earlier.stage}', which does not run before it.",
                    "Export the model again.",
                )
    return members


class Networks:
    """The networks of a model; those of a small model stay loaded, those of a large one come and go.

    Args:
        model: verified.
        device: where they run.
        half: see :class:`~.engines.computing.Computing`.
    """

    _STAY = 4

    def __init__(self, model: ModelFolder, device: torch.device, half: bool = False) -> None:
        self._model, self._device, self._half = model, device, half
        self._kept: dict[str, StagedNetwork] = {}

    def __getitem__(self, name: str) -> StagedNetwork:
        if name in self._kept:
            return self._kept[name]
        network = StagedNetwork.open(self._model, name, self._device, self._half)
        if len(self._model.manifest.stages) <= self._STAY:
            self._kept[name] = network
        return network


def probability(
    names: tuple[str, ...],
    model: ModelFolder,
    networks: Networks,
    hu: NDArray[np.generic],
    spacing: Spacing,
    done: Callable[[], None],
) -> NDArray[np.float32]:
    """What the last of a member's stages answers, ``[D, H, W]`` on the scan's own grid.

    Args:
        names: of the member's stages.
        hu: ``[D, H, W]`` in canonical order, HU.
        spacing: mm along slices, rows, columns.
        done: called after each stage.
    """
    answers: Answers = {}
    for name in names:
        earlier = fed_with(model.manifest.stages[name]).earlier
        answers[name] = networks[name].probability(hu, spacing, answers[earlier.stage] if earlier else None)
        done()
    return answers[names[-1]]
