"""Every number of the light default detector's training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .loop import Schedule


@dataclass(frozen=True)
class LightRecipe:
    """The light detector.

    Attributes:
        network: for :func:`ICHSegmentationLib.networks.build`; ``members``, where there are several, are
            trained one by one.
        copies: painted copies of each scan in which all blood is known, by its group.
        hematoma_scans: training scans with a mask that are used; the first so many by name.
        phantoms: painted heads.
        weights: how often slices of each kind are drawn, see :class:`.batches.SliceSource`.
        schedule: of each cycle.
        cycles: how often a member is trained so, each time from the averaged weights of the time before.
        seed: of the folds and the first member; the next member's is one higher.
        neighbour_share: of each neighbour's logits in a slice's own, in use.
    """

    network: Mapping[str, Any]
    copies: Mapping[str, int]
    hematoma_scans: int
    phantoms: int
    weights: Mapping[str, float]
    schedule: Schedule
    cycles: int = 2
    neighbour_share: float = 0.25
    folds: int = 5
    seed: int = 6


LIGHT = LightRecipe(
    network={"kind": "slice_map", "in_channels": 4, "out_channels": 6, "features": [12, 24, 40]},
    copies={"clean": 24, "hematoma": 6},
    hematoma_scans=12,
    phantoms=250,
    weights={
        "clean-": 0.22,
        "painted+": 0.28,
        "bleeding+": 0.2,
        "bleeding-": 0.07,
        "hematoma+": 0.06,
        "hematoma-": 0.02,
        "phantom+": 0.09,
        "phantom-": 0.06,
    },
    schedule=Schedule(steps=500),
)
