"""How dense blood is: fresh clot, hyperacute or anticoagulated blood, swirls, fluid levels."""

import numpy as np
from numpy.typing import NDArray

from ..labels import EPIDURAL, INTRAPARENCHYMAL, INTRAVENTRICULAR, SUBARACHNOID, SUBDURAL, Label
from .anatomy import Anatomy, Mask
from .noise_fields import smooth_noise

# Mean and standard deviation of acute blood in HU. SAH is thin: averaged with fluid and brain in its voxels,
# 45 to 60 HU of it are left on the scan.
ACUTE = {
    INTRAPARENCHYMAL.id: (62.0, 4.0),
    INTRAVENTRICULAR.id: (60.0, 5.0),
    SUBARACHNOID.id: (62.0, 4.0),
    SUBDURAL.id: (61.0, 5.0),
    EPIDURAL.id: (64.0, 5.0),
}
SWIRL = {INTRAPARENCHYMAL.id: 0.30, SUBDURAL.id: 0.2, EPIDURAL.id: 0.25}
FLUID_LEVEL = {INTRAPARENCHYMAL.id: 0.06, SUBDURAL.id: 0.08}
THIN_BLOOD = 0.12


def blood_density(
    label: Label, mask: Mask, anatomy: Anatomy, rng: np.random.Generator
) -> NDArray[np.float32]:
    """HU ``[D, H, W]`` of the blood of one lesion, without noise of the scanner."""
    mean, sd = ACUTE[label.id]
    level = float(np.clip(rng.normal(mean, sd), 48 if label is not SUBARACHNOID else 54, 74))
    swirl, fluid, thin = rng.random(3)
    if label is not SUBARACHNOID and thin < THIN_BLOOD:
        level = rng.uniform(45, 55)
    hu = level + 2.5 * smooth_noise(anatomy.shape, anatomy.spacing, 6, rng)
    if fluid < FLUID_LEVEL.get(label.id, 0):
        return _with_fluid_level(hu, mask, rng)
    if swirl < SWIRL.get(label.id, 0):
        unclotted = smooth_noise(anatomy.shape, anatomy.spacing, rng.uniform(5, 12), rng)
        hu -= np.float32(rng.uniform(10, 18)) * np.clip(unclotted - 0.4, 0, 1)
    return hu


def _with_fluid_level(hu: NDArray[np.float32], mask: Mask, rng: np.random.Generator) -> NDArray[np.float32]:
    """Plasma (25 to 35 HU) in front, sedimented cells (60 to 80 HU) behind a level."""
    filled = np.flatnonzero(mask.any(axis=(0, 2)))
    if filled.size == 0:
        return hu
    surface = filled[0] + rng.uniform(0.3, 0.7) * (filled[-1] - filled[0])
    behind = np.clip(np.arange(mask.shape[1]) - surface + 0.5, 0, 1).astype(np.float32)[None, :, None]
    texture = hu - hu.mean()
    return (texture + rng.uniform(27, 36) * (1 - behind) + rng.uniform(60, 78) * behind).astype(np.float32)
