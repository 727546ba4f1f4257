"""How well a mask agrees with a reference: MONAI's metrics on whole scans.

Empty masks: both empty agree fully (Dice 1, NSD 1, HD95 0); where one alone is empty Dice and NSD are 0 and
HD95 and RVD have no value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice
from numpy.typing import NDArray

# A surface within this distance of the reference counts as right (mm): about two pixels.
NSD_TOLERANCE_MM = 1.0


@dataclass(frozen=True)
class Agreement:
    """Dice; HD95 in mm; normalised surface Dice at 1 mm; relative volume difference |V - Vref| / Vref;
    both volumes in mL."""

    dice: float
    hd95_mm: float | None
    nsd: float
    rvd: float | None
    volume_ml: float
    reference_ml: float

    @property
    def volume_error_ml(self) -> float:
        return self.volume_ml - self.reference_ml


def agreement(
    mask: NDArray[Any], reference: NDArray[Any], spacing: Sequence[float], voxel_mm3: float
) -> Agreement:
    """Compare two masks ``[D, H, W]`` on one grid of this spacing (mm)."""
    found, wanted = mask > 0, reference > 0
    volumes = found.sum() * voxel_mm3 / 1000, wanted.sum() * voxel_mm3 / 1000
    if not found.any() or not wanted.any():
        both = float(found.any() == wanted.any())
        return Agreement(both, 0.0 if both else None, both, 0.0 if both else None, *map(float, volumes))
    box = _around(found | wanted)
    y_pred, y = _one_hot(found[box]), _one_hot(wanted[box])
    step = [float(mm) for mm in spacing]
    return Agreement(
        dice=float(compute_dice(y_pred, y, include_background=False)),
        hd95_mm=float(compute_hausdorff_distance(y_pred, y, percentile=95, spacing=step)),
        nsd=float(compute_surface_dice(y_pred, y, class_thresholds=[NSD_TOLERANCE_MM], spacing=step)),
        rvd=float(abs(volumes[0] - volumes[1]) / volumes[1]),
        volume_ml=float(volumes[0]),
        reference_ml=float(volumes[1]),
    )


def _around(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    places = np.argwhere(mask)
    return tuple(
        slice(max(0, low - 2), high + 3) for low, high in zip(places.min(0), places.max(0), strict=True)
    )


def _one_hot(mask: NDArray[np.bool_]) -> torch.Tensor:
    # a rim of background, so that a mask at the scan's first or last slice has a surface there
    padded = torch.from_numpy(np.pad(mask, 1))
    return torch.stack([~padded, padded])[None].float()
