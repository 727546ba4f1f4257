"""How well one mask agrees with another: overlap, surfaces, volumes, lesions.

Dice, IoU, precision and recall are counts of voxels. HD and HD95 are MONAI's: distances between the centres
of the masks' outermost voxels, the larger one of both directions. NSD is MONAI's with subvoxels, as Nikolov
et al. define it (arXiv:1809.04430): shares of surface area, right on thick slices too. Distances are in mm.

Empty masks. Both empty: they agree fully, so Dice, IoU, precision, recall and NSD are 1, distances and RVD 0.
Where one alone is empty Dice, IoU and NSD are 0 and there are no distances; with an empty prediction recall
is 0, RVD 1 and there is no precision; with an empty reference precision is 0, and there is no recall and no
RVD.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from numpy.typing import NDArray

from .lesions import NO_LESIONS, LesionCounts, count_lesions
from .settings import DEFAULT, EvaluationSettings


@dataclass(frozen=True)
class Agreement:
    """One mask against its reference; None is a number that does not exist (see the conventions above).

    Attributes:
        dice: ``2 |P ∩ R| / (|P| + |R|)``, the DSC.
        iou: ``|P ∩ R| / |P ∪ R|``.
        precision, recall: ``|P ∩ R| / |P|`` and ``|P ∩ R| / |R|``.
        hd_mm, hd95_mm: Hausdorff distance, and its 95th percentile.
        nsd: normalised surface Dice at ``EvaluationSettings.tolerance_mm``.
        rvd: relative volume difference ``|V - Vref| / Vref``.
        volume_ml, reference_ml: V and Vref.
    """

    dice: float
    iou: float
    precision: float | None
    recall: float | None
    hd_mm: float | None
    hd95_mm: float | None
    nsd: float
    rvd: float | None
    volume_ml: float
    reference_ml: float
    lesions: LesionCounts

    @property
    def volume_error_ml(self) -> float:
        """``V - Vref``."""
        return self.volume_ml - self.reference_ml


def agreement(
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    spacing: Sequence[float],
    voxel_mm3: float | None = None,
    settings: EvaluationSettings = DEFAULT,
) -> Agreement:
    """Compare two masks ``[D, H, W]`` on one grid of this spacing (mm).

    Args:
        voxel_mm3: volume of a voxel; None takes the product of the spacing.
    """
    voxel = float(np.prod(spacing)) if voxel_mm3 is None else voxel_mm3
    filled = prediction | reference
    if not filled.any():
        return Agreement(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, NO_LESIONS)
    box = _box(filled)
    found, wanted = prediction[box], reference[box]
    common, n_found, n_wanted = (int(np.count_nonzero(m)) for m in (found & wanted, found, wanted))
    hd, hd95, nsd = _surfaces(found, wanted, spacing, settings.tolerance_mm)
    return Agreement(
        dice=2 * common / (n_found + n_wanted),
        iou=common / (n_found + n_wanted - common),
        precision=common / n_found if n_found else None,
        recall=common / n_wanted if n_wanted else None,
        hd_mm=hd,
        hd95_mm=hd95,
        nsd=nsd,
        rvd=abs(n_found - n_wanted) / n_wanted if n_wanted else None,
        volume_ml=n_found * voxel / 1000,
        reference_ml=n_wanted * voxel / 1000,
        lesions=count_lesions(found, wanted, voxel, settings),
    )


def _surfaces(
    found: NDArray[np.bool_], wanted: NDArray[np.bool_], spacing: Sequence[float], tolerance_mm: float
) -> tuple[float | None, float | None, float]:
    """HD, HD95 and NSD."""
    if not found.any() or not wanted.any():
        return None, None, 0.0
    y_pred, y = _one_hot(found), _one_hot(wanted)
    step = [float(mm) for mm in spacing]
    hd, hd95 = (
        float(compute_hausdorff_distance(y_pred, y, percentile=percentile, spacing=step))
        for percentile in (None, 95)
    )
    nsd = compute_surface_dice(y_pred, y, class_thresholds=[tolerance_mm], spacing=step, use_subvoxels=True)
    return hd, hd95, float(nsd)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    spans = (np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    return tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)


def _one_hot(mask: NDArray[np.bool_]) -> torch.Tensor:
    # a rim of background, so that a mask at the scan's first or last slice has a surface there
    padded = torch.from_numpy(np.pad(mask, 1))
    return torch.stack([~padded, padded])[None].float()
