"""Intraventricular hemorrhage: blood in the ventricles, layered in their dependent part or as a cast."""

import numpy as np

from .anatomy import Anatomy
from .lesion_field import Ranking
from .noise_fields import smooth_noise


def rank_intraventricular(anatomy: Anatomy, rng: np.random.Generator, volume_ml: float) -> Ranking:
    """The back of the head fills first (a patient lies supine), or a clot grows from one place."""
    up, back, left = anatomy.millimetres
    voxels = np.flatnonzero(anatomy.ventricles)
    if voxels.size == 0:
        return Ranking(np.full(anatomy.shape, np.inf, dtype=np.float32))
    if rng.random() < 0.6:
        # A level is flat: only a tilt of the head and a few tenths of a mm of ripple.
        tilt = rng.normal(0, 0.06)
        rank = -back + np.float32(tilt) * left + 0 * up
        one_sided = np.where(left * rng.choice([-1, 1]) > 0, rng.uniform(0, 12), 0)
        rank = rank + one_sided + 0.4 * smooth_noise(anatomy.shape, anatomy.spacing, 4, rng)
    else:
        z, y, x = np.unravel_index(rng.choice(voxels), anatomy.shape)
        from_seed = (up - up[z]) ** 2 + (back - back[0, y]) ** 2 + (left - left[z, 0, x]) ** 2
        rank = np.sqrt(from_seed) * (1 + 0.2 * smooth_noise(anatomy.shape, anatomy.spacing, 7, rng))
    rank = np.where(anatomy.ventricles, rank, np.inf).astype(np.float32)
    return Ranking(rank, softness_mm=0.5, spans_slices=False)
