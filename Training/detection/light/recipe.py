"""Every number of the light default detector's training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .loop import Schedule


@dataclass(frozen=True)
class LightRecipe:
    """The light detector.

    Attributes:
        network: for :func:`ICHSegmentationLib.networks.build`.
        copies: painted copies of each scan in which all blood is known, by its group.
        hematoma_scans: training scans with a mask that are used; the first so many by name.
        phantoms: painted heads.
        weights: how often slices of each kind are drawn, see :class:`.batches.SliceSource`.
        neighbour_share: of each neighbour's logits in a slice's own, in use.
    """

    network: Mapping[str, Any]
    copies: Mapping[str, int]
    hematoma_scans: int
    phantoms: int
    weights: Mapping[str, float]
    schedule: Schedule
    neighbour_share: float = 0.25
    folds: int = 5
    seed: int = 6


LIGHT = LightRecipe(
    network={"kind": "slice_map", "in_channels": 4, "out_channels": 6, "features": [12, 24, 40]},
    copies={"clean": 6, "hematoma": 2},
    hematoma_scans=12,
    phantoms=12,
    weights={
        "clean-": 0.22,
        "painted+": 0.3,
        "bleeding+": 0.2,
        "bleeding-": 0.08,
        "hematoma+": 0.08,
        "hematoma-": 0.03,
        "phantom+": 0.05,
        "phantom-": 0.04,
    },
    schedule=Schedule(steps=250),
)
