"""Lesion by lesion: which ones of the reference were found, which ones of the prediction are false.

Lesions are connected pieces. One of the reference is found when enough of its volume lies in the prediction,
in however many pieces; one of the prediction is false when too little of its volume lies in the reference.
Pieces below the smallest volume are not counted, but they do count as mask for the other side's lesions.
"""

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from .settings import DEFAULT, EvaluationSettings


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of the reference and how many were ``found``; of the prediction and how many are ``false``."""

    reference: int
    found: int
    predicted: int
    false: int

    @property
    def sensitivity(self) -> float | None:
        """Share of the reference's lesions that were found; None where it has none."""
        return self.found / self.reference if self.reference else None

    def __add__(self, other: "LesionCounts") -> "LesionCounts":
        return LesionCounts(
            self.reference + other.reference,
            self.found + other.found,
            self.predicted + other.predicted,
            self.false + other.false,
        )


NO_LESIONS = LesionCounts(0, 0, 0, 0)


def count_lesions(
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    voxel_mm3: float,
    settings: EvaluationSettings = DEFAULT,
) -> LesionCounts:
    """Match the lesions of two masks ``[D, H, W]`` on one grid; ``settings`` holds the rule."""
    wanted = _shares_inside(reference, prediction, voxel_mm3, settings)
    found = _shares_inside(prediction, reference, voxel_mm3, settings)
    return LesionCounts(
        reference=len(wanted),
        found=int((wanted >= settings.overlap).sum()),
        predicted=len(found),
        false=int((found < settings.overlap).sum()),
    )


def _shares_inside(
    mask: NDArray[np.bool_], other: NDArray[np.bool_], voxel_mm3: float, settings: EvaluationSettings
) -> NDArray[np.float64]:
    """For each lesion of ``mask`` that is large enough, the share of its voxels that lie in ``other``."""
    numbered = cc3d.connected_components(mask.astype(np.uint8), connectivity=settings.connectivity)
    sizes = np.bincount(numbered.ravel())[1:]
    inside = np.bincount(numbered[other], minlength=len(sizes) + 1)[1:]
    large = sizes * voxel_mm3 / 1000 >= settings.smallest_lesion_ml - 1e-9
    return np.asarray(inside[large] / sizes[large], dtype=np.float64)
