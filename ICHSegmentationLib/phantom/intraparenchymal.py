"""Intraparenchymal hemorrhage: warped ellipsoids, deep, lobar, cerebellar or in the brainstem."""

import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy, Mask
from .lesion_field import Ranking
from .noise_fields import smooth_noise

# Shares of the sites and shapes in spontaneous IPH.
SITES = {"deep": 0.54, "lobar": 0.21, "cerebellar": 0.14, "brainstem": 0.11}
SHAPES = {"round": 0.44, "irregular": 0.31, "multinodular": 0.25}


def rank_intraparenchymal(anatomy: Anatomy, rng: np.random.Generator, volume_ml: float) -> Ranking:
    """Rank = distance from the centre in mm, bent by noise, stretched along random axes."""
    radius = (3 * volume_ml * 1000 / (4 * np.pi)) ** (1 / 3)
    tissue = anatomy.brain & ~anatomy.ventricles & (anatomy.depth > 2)
    centre = _centre(anatomy, tissue, radius, rng)
    shape = rng.choice(list(SHAPES), p=list(SHAPES.values()))
    rank = _ellipsoid(anatomy, centre, rng)
    if shape == "multinodular":
        for _ in range(rng.integers(1, 4)):
            shift = rng.normal(size=3) * radius * np.array([0.35, 0.6, 0.45])
            smaller_by = np.float32(radius * rng.uniform(0, 0.4))
            rank = np.minimum(rank, _ellipsoid(anatomy, centre + shift, rng) + smaller_by)
    bend = {"round": 0.06, "irregular": 0.22, "multinodular": 0.12}[shape]
    scale = float(np.clip(radius * 0.8, 4, 18))
    rank *= 1 + bend * smooth_noise(anatomy.shape, anatomy.spacing, scale, rng)
    rank *= 1 + 0.05 * smooth_noise(anatomy.shape, anatomy.spacing, max(3.0, scale / 3), rng)
    return Ranking(np.where(tissue, np.maximum(rank, 0), np.float32(np.inf)), softness_mm=0.7)


def _centre(anatomy: Anatomy, tissue: Mask, radius: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A voxel's position (up, back, left) in mm, in the site drawn; anywhere else if there is none."""
    up, back, left = anatomy.millimetres
    down, aside = anatomy.below_vertex, np.abs(left)
    site = rng.choice(list(SITES), p=list(SITES.values()))
    if site == "deep":
        place = (down > 50) & (down < 80) & (aside > 11) & (aside < 34) & (np.abs(back) < 24)
    elif site == "lobar":
        clearance = min(8 + radius * 0.6, 24)
        place = (down > 22) & (down < 85) & (aside > 14) & (anatomy.depth < clearance + 8)
        place = place & (anatomy.depth > clearance)
    elif site == "cerebellar":
        place = (down > 92) & (down < 120) & (back > 25) & (aside > 6) & (anatomy.depth > 12)
    else:
        place = (down > 88) & (down < 112) & (np.abs(back - 8) < 10) & (aside < 8)
    for region in (tissue & place, tissue & (anatomy.depth > 12), tissue, anatomy.brain):
        voxels = np.flatnonzero(region)
        if voxels.size:
            z, y, x = np.unravel_index(rng.choice(voxels), anatomy.shape)
            return np.array([up[z, 0, 0], back[0, y, 0], left[z, 0, x]], dtype=float)
    return np.zeros(3)


def _ellipsoid(
    anatomy: Anatomy, centre: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Distance from ``centre`` in mm, as an ellipsoid of random axes and in-plane direction measures it."""
    up, back, left = anatomy.millimetres
    z, y, x = (p - np.float32(c) for p, c in zip((up, back, left), centre, strict=True))
    axes = np.exp(rng.normal(0, [0.15, 0.25, 0.15])).astype(np.float32)
    axes /= np.prod(axes) ** (1 / 3)
    turn = rng.normal(0, 0.6)
    along, across = np.cos(turn) * y + np.sin(turn) * x, np.cos(turn) * x - np.sin(turn) * y
    # Most deep hemorrhages are longest from front to back; a random lean couples the slices.
    along = along + np.float32(rng.normal(0, 0.2)) * z
    return np.sqrt((z / axes[0]) ** 2 + (along / axes[1]) ** 2 + (across / axes[2]) ** 2, dtype=np.float32)
