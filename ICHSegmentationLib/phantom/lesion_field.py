"""A lesion as it is laid over an image: where, how dense, and how softly it ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..labels import Label
from .anatomy import Anatomy, Mask


@dataclass(frozen=True)
class LesionField:
    """One hemorrhage on a grid ``[D, H, W]``.

    Attributes:
        label: its subtype.
        mask: the voxels that it fills by half or more.
        hu: what its densities would be without noise, in HU; meaningful where ``edge`` > 0.
        edge: 0..1, share of the voxel that it fills (partial volume at its border).
        edema: HU to add around it (negative), 0 elsewhere; None where there is none.
    """

    label: Label
    mask: Mask
    hu: NDArray[np.float32]
    edge: NDArray[np.float32]
    edema: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Ranking:
    """A lesion before its size is settled: the order in which it fills voxels.

    Attributes:
        rank: ``[D, H, W]``, the lesion of volume V is the V voxels of lowest rank; inf where it cannot go.
            Ranks of parenchymal lesions are in mm, so that a rim can be told.
        softness_mm: width (sigma) over which its border blurs in plane.
    """

    rank: NDArray[np.float32]
    softness_mm: float = 0.6

    def level(self, voxels: int) -> float:
        """The rank up to which ``voxels`` voxels are filled, or all of them if there are not so many."""
        ranks = self.rank[np.isfinite(self.rank)]
        if ranks.size == 0:
            return -np.inf
        last = min(max(voxels, 1), ranks.size) - 1
        return float(np.partition(ranks, last)[last])


def soften(mask: Mask, anatomy: Anatomy, softness_mm: float) -> NDArray[np.float32]:
    """Blur a mask in plane, kept inside the inner table; against bone it stays sharp.

    Normalised by the brain's own blur, so that a lesion that lies on the table is not thinned there.
    """
    edge = np.zeros(mask.shape, dtype=np.float32)
    if not mask.any():
        return edge
    _, dy, dx = anatomy.spacing
    sigma = (0.0, softness_mm / dy, softness_mm / dx)
    box = _around(mask, margin=int(np.ceil(3 * max(sigma))) + 1)
    inside = anatomy.brain[box]
    blurred = ndimage.gaussian_filter(mask[box].astype(np.float32), sigma, truncate=3)
    room = ndimage.gaussian_filter(inside.astype(np.float32), sigma, truncate=3)
    edge[box] = np.where(inside, np.clip(blurred / np.maximum(room, 1e-3), 0, 1), 0)
    return edge


def _around(mask: Mask, margin: int) -> tuple[slice, ...]:
    found = ndimage.find_objects(mask.astype(np.uint8), max_label=1)[0]
    return tuple(
        slice(max(0, s.start - m), s.stop + m) for s, m in zip(found, (0, margin, margin), strict=True)
    )
