"""Subdural hemorrhage: a crescent along the convexity, or a thin layer along falx or tentorium."""

import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy
from .lesion_field import Ranking
from .noise_fields import smooth_noise


def rank_subdural(anatomy: Anatomy, rng: np.random.Generator, volume_ml: float) -> Ranking:
    """Rank = depth below a surface, relative to the crescent's thickness there."""
    side = float(rng.choice([-1, 1]))
    if rng.random() < 0.15 and volume_ml < 15:
        depth, thickness = _along_falx(anatomy, rng, volume_ml)
    else:
        depth, thickness = _along_convexity(anatomy, rng, volume_ml, side)
    own_side = anatomy.millimetres[2] * side > 1
    allowed = anatomy.brain & own_side & (thickness > 0.03)
    with np.errstate(divide="ignore", invalid="ignore"):
        rank = np.where(allowed, depth / thickness, np.inf)
    return Ranking(rank.astype(np.float32), softness_mm=0.6)


def _along_convexity(
    anatomy: Anatomy, rng: np.random.Generator, volume_ml: float, side: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Depth below the inner table and relative thickness 0..1, long and thin: sutures do not stop it."""
    _, back, left = anatomy.millimetres
    thickest = np.clip(2.1 * volume_ml**0.42 * rng.uniform(0.7, 1.4), 2.5, 18)
    area = volume_ml * 1000 / (0.5 * thickest)
    aspect = rng.uniform(1.0, 2.0)
    half_length = np.clip(np.sqrt(area * aspect / np.pi), 14, 95)
    half_height = np.clip(area / (np.pi * half_length), 9, 60)
    lateral = rng.normal(0, 0.7)
    span = float(anatomy.below_vertex[0, 0, 0])
    middle = rng.uniform(min(25, 0.3 * span), max(min(75, 0.7 * span), 1))
    radius = np.hypot(back, left)
    angle = np.arctan2(back, left * side)
    along = (angle - np.float32(lateral)) * np.minimum(radius, 75) / np.float32(half_length)
    height = (anatomy.below_vertex - np.float32(middle)) / np.float32(half_height)
    wobble = 1 + 0.15 * smooth_noise(anatomy.shape, anatomy.spacing, 25, rng)
    thickness = np.maximum(wobble - along**2 - height**2, 0) ** np.float32(0.75)
    # It thins towards the midline, where the falx holds it back.
    thickness *= np.clip(left * side / 12, 0, 1)
    return anatomy.depth, thickness


def _along_falx(
    anatomy: Anatomy, rng: np.random.Generator, volume_ml: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Distance from the falx and relative thickness, tapering towards the falx's free edge."""
    _, back, left = anatomy.millimetres
    half_length = np.clip(18 * volume_ml**0.4, 15, 60)
    centre = rng.uniform(-35, 45)
    span = float(anatomy.below_vertex[0, 0, 0])
    middle = rng.uniform(min(15, 0.2 * span), max(min(45, 0.5 * span), 1))
    along = (back - np.float32(centre)) / np.float32(half_length)
    height = (anatomy.below_vertex - np.float32(middle)) / np.float32(np.clip(half_length * 0.7, 10, 35))
    thickness = np.sqrt(np.maximum(1 - along**2 - height**2, 0), dtype=np.float32)
    # The free edge of the falx lies some 40 mm below the table; near the midline that is the depth.
    thickness = thickness * np.clip((42 - _depth_at_midline(anatomy)) / 10, 0, 1)
    wobble = 1 + 0.1 * smooth_noise(anatomy.shape, anatomy.spacing, 12, rng)
    return np.abs(left) - 1, (thickness * wobble).astype(np.float32)


def _depth_at_midline(anatomy: Anatomy) -> NDArray[np.float32]:
    """``[D, H, 1]`` depth below the inner table of the midline voxel of each row."""
    columns = np.clip(np.rint(anatomy.midline), 0, anatomy.shape[2] - 1).astype(int)
    return np.take_along_axis(anatomy.depth, columns[:, None, None], axis=2)
