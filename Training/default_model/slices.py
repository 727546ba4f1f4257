"""Slice by slice: does the mask touch the slices on which readers saw hemorrhage, and only those?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ICHSegmentationLib.volume import Volume

from .cases import Case


@dataclass(frozen=True)
class SliceFindings:
    """What was found on each slice of a scan that nobody outlined.

    Attributes:
        slice_ml: volume found on each slice.
        bleeding: indices (from 0) of the slices with hemorrhage, as the readers named them.
        said: what a detector says of each slice, the probability of any hemorrhage; empty without one.
    """

    name: str
    subtypes: tuple[str, ...]
    slice_ml: tuple[float, ...]
    bleeding: tuple[int, ...]
    said: tuple[float, ...] = ()

    @property
    def volume_ml(self) -> float:
        return sum(self.slice_ml)

    @property
    def on_bleeding(self) -> list[float]:
        """Volume found on each bleeding slice."""
        return [self.slice_ml[index] for index in self.bleeding]

    @property
    def on_others(self) -> list[float]:
        """Volume found on each of the other slices."""
        return [ml for index, ml in enumerate(self.slice_ml) if index not in self.bleeding]


def slice_findings(case: Case, mask: Volume, said: Sequence[float] = ()) -> SliceFindings:
    """What ``mask`` ``[D, H, W]`` marks on each slice of this case, and what a detector says of each."""
    voxels = np.count_nonzero(mask.voxels, axis=(1, 2))
    volumes = voxels * mask.grid.voxel_volume_mm3 / 1000
    return SliceFindings(case.name, case.subtypes, tuple(volumes.tolist()), case.bleeding_slices, tuple(said))


def touched(volumes: Sequence[float]) -> int:
    """How many of these slices are marked at all."""
    return sum(ml > 0 for ml in volumes)


def sensitivity_at(
    specificity: float, bleeding: Sequence[float], others: Sequence[float]
) -> tuple[float, float]:
    """Share of bleeding slices found, and what a slice must exceed to count as marked: a volume, or a
    probability.

    It is the smallest that leaves at least ``specificity`` of the other slices unmarked.
    """
    limit = float(np.quantile(others, specificity, method="inverted_cdf"))
    return float(np.mean(np.asarray(bleeding) > limit)), limit
