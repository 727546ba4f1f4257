"""Epidural hemorrhage: a biconvex lens on the inner table."""

import numpy as np

from .anatomy import Anatomy
from .lesion_field import Ranking
from .noise_fields import smooth_noise


def rank_epidural(anatomy: Anatomy, rng: np.random.Generator, volume_ml: float) -> Ranking:
    """Rank = height over the plane that touches the table, plus r² / 2ρ.

    The level sets are paraboloids that bulge into the brain, while the table curves the other way: between
    both lies a lens, which grows in thickness and width together, and ends at a sharp rim as sutures make it.
    """
    up, back, left = anatomy.millimetres
    surface = anatomy.brain & (anatomy.depth < 1.5 * min(anatomy.spacing))
    down = anatomy.below_vertex
    place = surface & (down > 18) & (down < 95) & (np.abs(left) > 25)
    voxels = np.flatnonzero(place if place.any() else surface)
    if voxels.size == 0:
        return Ranking(np.full(anatomy.shape, np.inf, dtype=np.float32))
    z, y, x = np.unravel_index(rng.choice(voxels), anatomy.shape)
    centre = np.array([up[z, 0, 0], back[0, y, 0], left[z, 0, x]])
    inward = _inward(anatomy, (int(z), int(y), int(x)))
    dz, dy, dx = (p - np.float32(c) for p, c in zip((up, back, left), centre, strict=True))
    height = inward[0] * dz + inward[1] * dy + inward[2] * dx
    aside = np.maximum(dz**2 + dy**2 + dx**2 - height**2, 0)
    bulge = np.float32(rng.uniform(25, 60))
    rank = height + aside / (2 * bulge)
    rank += 0.05 * volume_ml ** (1 / 3) * smooth_noise(anatomy.shape, anatomy.spacing, 10, rng)
    allowed = anatomy.brain & (anatomy.depth < 45)
    return Ranking(np.where(allowed, rank, np.inf).astype(np.float32), softness_mm=0.6)


def _inward(anatomy: Anatomy, voxel: tuple[int, int, int]) -> np.ndarray:
    """Unit vector (up, back, left) from a surface voxel towards the inside: to the brain's mean nearby."""
    up, back, left = anatomy.millimetres
    reach = [int(np.ceil(18 / s)) for s in anatomy.spacing]
    box = tuple(slice(max(0, i - r), i + r + 1) for i, r in zip(voxel, reach, strict=True))
    zs, ys, xs = np.nonzero(anatomy.brain[box])
    zs, ys, xs = zs + box[0].start, ys + box[1].start, xs + box[2].start
    z, y, x = voxel
    offsets = np.array(
        [up[zs, 0, 0] - up[z, 0, 0], back[0, ys, 0] - back[0, y, 0], left[zs, 0, xs] - left[z, 0, x]]
    )
    near = (offsets**2).sum(axis=0) < 18**2
    direction = offsets[:, near].mean(axis=1)
    return (direction / max(float(np.linalg.norm(direction)), 1e-6)).astype(np.float32)
