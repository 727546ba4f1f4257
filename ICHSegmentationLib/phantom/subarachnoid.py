"""Subarachnoid hemorrhage: thin blood in cisterns and sulci, broken into streaks."""

import numpy as np

from .anatomy import Anatomy
from .lesion_field import Ranking
from .noise_fields import smooth_noise


def rank_subarachnoid(anatomy: Anatomy, rng: np.random.Generator, volume_ml: float) -> Ranking:
    """Fluid near one place fills first, or near up to three where there is more blood; noise breaks it into
    streaks.

    Fluid spaces too narrow to be seen on the scan are stood in for by a shell of 1 to 4 mm on the brain.
    """
    up, back, left = anatomy.millimetres
    shell = anatomy.brain & (anatomy.depth < rng.uniform(1.5, 4)) & (anatomy.below_vertex > 10)
    room = anatomy.csf & (anatomy.depth > 0.5)
    if room.sum() * anatomy.voxel_ml < 3 * volume_ml:
        room = room | shell
    voxels = np.flatnonzero(room)
    if voxels.size == 0:
        return Ranking(np.full(anatomy.shape, np.inf, dtype=np.float32))
    rank = np.full(anatomy.shape, np.inf, dtype=np.float32)
    for _ in range(rng.integers(1, 2 + min(2, int(volume_ml / 3)))):
        z, y, x = np.unravel_index(rng.choice(voxels), anatomy.shape)
        from_seed = (0.7 * (up - up[z])) ** 2 + (back - back[0, y]) ** 2 + (left - left[z, 0, x]) ** 2
        rank = np.minimum(rank, np.sqrt(from_seed, dtype=np.float32) + np.float32(rng.uniform(0, 12)))
    # Sulci are upright sheets: streaks reach further up and down than in plane.
    upright = (0.4 * anatomy.spacing[0], *anatomy.spacing[1:])
    streaks = min(1.0, (volume_ml / 10) ** (1 / 3))
    rank += 9 * streaks * smooth_noise(anatomy.shape, upright, 8, rng)
    rank += 5 * streaks * smooth_noise(anatomy.shape, upright, 3, rng)
    return Ranking(np.where(room, rank, np.float32(np.inf)), softness_mm=0.4, spans_slices=False)
