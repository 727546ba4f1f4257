"""How unsure the cascade was: from the stages' mean probabilities to a map of 0..100, one byte a voxel.

The map is filled piece by piece, so that a scan of many slices never needs its probabilities all at once.
"""

from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from ..volume import Volume
from .probability import Probability
from .regions import Region

MOST_UNSURE = 100
"""A probability of 50 %."""

_LEAST = 0.02
"""Slabs in which the coarse stage gave nothing above this stay 0: nobody can see an uncertainty below 4."""


@dataclass(frozen=True)
class Uncertainty:
    """Where the cascade was unsure.

    Attributes:
        map: uint8 ``[D, H, W]`` on the CT's own grid, 0 (sure) to 100 (a probability of 50 %).
        left_out_ml: volume (mL) of the largest region that the coarse stage held possible, nowhere likely, so
            that the fine stage did not look at it; 0 where there is none.
        reasons: what made the search itself less sure, one sentence each.
        half_ratio: of an ensemble whose members vote (see :mod:`.half_ratio`); None of all others.
    """

    map: Volume
    left_out_ml: float
    reasons: tuple[str, ...] = ()
    half_ratio: float | None = None


def uncertainty(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """``100 (1 - |2p - 1|)``, rounded: 100 where the probability is 50 %, 0 where it is 0 or 1."""
    doubt = np.clip(1 - np.abs(2 * probability - 1), 0, 1)
    return np.rint(doubt * MOST_UNSURE).astype(np.uint8)


def coarse_uncertainty(coarse: Probability) -> NDArray[np.uint8]:
    """The coarse stage's uncertainty ``[D, H, W]`` on the scan's own grid, slab by slab."""
    grid = coarse.grid
    found = np.zeros(grid.native, np.uint8)
    for slab in range(grid.shape[0]):
        near = coarse.values[max(0, slab - 1) : slab + 2]
        if near.max() > _LEAST:
            where = slice(slab * grid.slab, min((slab + 1) * grid.slab, grid.native[0]))
            found[where] = uncertainty(grid.back(coarse.values, where))
    return found


def left_out_ml(coarse: Probability, regions: list[Region], unsure: float, voxel_mm3: float) -> float:
    """Volume (mL) of the largest region above ``unsure`` that lies in none of ``regions``.

    Args:
        voxel_mm3: of the scan's own grid.
    """
    candidates = coarse.values > unsure
    for region in regions:
        candidates[region.coarse] = False
    sizes: Any = cc3d.statistics(cc3d.connected_components(candidates, connectivity=26))["voxel_counts"][1:]
    if not len(sizes):
        return 0.0
    native, network = np.prod(coarse.grid.native), np.prod(coarse.grid.shape)
    return float(sizes.max() * voxel_mm3 * native / network / 1000)
