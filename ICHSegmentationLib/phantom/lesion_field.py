"""A lesion as it is laid over an image: where, how dense, and how softly it ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter

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
        spans_slices: the rank may be interpolated between slices; not so where the room itself is as narrow
            as a slice.
    """

    rank: NDArray[np.float32]
    softness_mm: float = 0.6
    spans_slices: bool = True

    def level(self, voxels: int) -> float:
        """The rank up to which ``voxels`` voxels are filled, or all of them if there are not so many."""
        ranks = self.rank[np.isfinite(self.rank)]
        if ranks.size == 0:
            return -np.inf
        last = min(max(voxels, 1), ranks.size) - 1
        return float(np.partition(ranks, last)[last])


def occupancy(ranking: Ranking, level: float, mask: Mask, anatomy: Anatomy) -> NDArray[np.float32]:
    """``[D, H, W]`` 0..1: the share of each voxel that a lesion filled up to ``level`` takes.

    Thick slices are cut into parts of about 1 mm between which the rank is interpolated; in plane the border
    is blurred, normalised by the room inside the inner table, so that blood on the table is not thinned.
    """
    edge = np.zeros(mask.shape, dtype=np.float32)
    if not mask.any():
        return edge
    _, dy, dx = anatomy.spacing
    sigma = (0.0, ranking.softness_mm / dy, ranking.softness_mm / dx)
    box = _around(mask, margin=int(np.ceil(3 * max(sigma))) + 1)
    rank, inside = ranking.rank[box], anatomy.brain[box]
    thickness = anatomy.spacing[0] if ranking.spans_slices else 0.0
    share = gaussian_filter(_share_through_slices(rank, level, thickness), sigma, truncate=3)
    room = gaussian_filter(inside.astype(np.float32), sigma, truncate=3)
    share = np.where(inside, np.clip(share / np.maximum(room, 1e-3), 0, 1), 0)
    edge[box] = np.where(mask[box], np.maximum(share, 0.5), np.minimum(share, 0.49))
    return edge


def _share_through_slices(
    rank: NDArray[np.float32], level: float, thickness_mm: float
) -> NDArray[np.float32]:
    """Share of each slice's thickness where the rank, interpolated between slices, is at most ``level``."""
    parts = max(1, round(thickness_mm))
    rank = np.where(np.isfinite(rank), rank, np.float32(1e6))
    above, below = np.concatenate([rank[1:], rank[-1:]]), np.concatenate([rank[:1], rank[:-1]])
    share = np.zeros(rank.shape, dtype=np.float32)
    for offset in (np.arange(parts) + 0.5) / parts - 0.5:
        neighbour = above if offset > 0 else below
        share += rank * np.float32(1 - abs(offset)) + neighbour * np.float32(abs(offset)) <= level
    return share / np.float32(parts)


def _around(mask: Mask, margin: int) -> tuple[slice, ...]:
    found = find_objects(mask.astype(np.uint8), max_label=1)[0]
    return tuple(
        slice(max(0, s.start - m), s.stop + m) for s, m in zip(found, (1, margin, margin), strict=True)
    )
