"""Hemorrhages whose blood has settled or not yet clotted: one side of what bleeds fades towards brain."""

from math import cos, pi, sin

import numpy as np
import torch
from torch import Tensor

from .blur import blur

_FEWEST_VOXELS = 40
# Blood keeps this share of how much brighter than brain it is.
_LEFT = 0.25, 0.7
_BRAIN = -0.33, 0.08  # 20 to 45 HU in the window


def layered(image: Tensor, target: Tensor, rng: np.random.Generator) -> Tensor:
    """``image`` ``[D, H, W]`` in -1..1, fainter where ``target`` is 1, on one side of a line.

    Fresh blood and the serum above a fluid level are hardly brighter than brain, yet belong to the hematoma.
    Noise is kept as it was.
    """
    blood = target == 1
    if int(blood.sum()) < _FEWEST_VOXELS:
        return image
    angle = rng.uniform(0, 2 * pi)
    rows, columns = torch.meshgrid(*(torch.arange(size) for size in image.shape[1:]), indexing="ij")
    along = (rows * cos(angle) + columns * sin(angle)).expand(image.shape)
    level = torch.quantile(along[blood].float(), rng.uniform(0.2, 1.0))
    above = torch.sigmoid((level - along) / rng.uniform(0.5, 4.0))
    smooth = blur(image, 1.5)
    brain = smooth[(target == 0) & (smooth > _BRAIN[0]) & (smooth < _BRAIN[1])]
    surroundings = float(brain.median()) if len(brain) else float(np.mean(_BRAIN))
    lost = (smooth - surroundings).clamp(min=0) * (1 - rng.uniform(*_LEFT))
    return image - blur(blood.float(), 0.8) * above * lost
