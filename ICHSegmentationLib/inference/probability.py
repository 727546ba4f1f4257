"""Probability of hemorrhage on a network's grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network_grid import Array, NetworkGrid


@dataclass(frozen=True)
class Probability:
    """Probability of hemorrhage ``[D, H, W]`` on a network's grid."""

    values: Array
    grid: NetworkGrid

    def within(self, mask: NDArray[np.bool_]) -> "Probability":
        """Zero where ``mask`` ``[D, H, W]``, of the scan's own grid, covers nothing of a voxel."""
        share = self.grid.image(mask.astype(np.uint8), [(0.5, 1.0)])[0, 0] / 2 + 0.5
        return Probability(np.where(share > 0, self.values, np.float32(0)), self.grid)

    def in_region(self, box: tuple[slice, slice, slice], native: tuple[int, ...]) -> "Probability":
        """A box of it, which covers ``native`` ``(D, H, W)`` voxels of the scan."""
        seen = self.values[box]
        return Probability(seen, NetworkGrid(native, self.grid.slab, seen.shape))  # type: ignore[arg-type]
