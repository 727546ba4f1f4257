"""When a person should look again: the rule, and the sentences that say why.

Every outline has a rim of which the model is unsure, about as thick on a large hemorrhage as on a small one:
the volume of that rim says little, its thickness much.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..report.numbers import THRESHOLD_ML, ml
from ..volume import Volume
from .segmenter import Uncertainty

UNSURE = 40
"""Of 100: where the probability lies between 20 % and 80 %."""

THICK_RIM_MM = 1.0
"""On most training scans with a deep hematoma the default model's rim is 0.4 to 1 mm thick; on most scans
with other hemorrhages, which it outlines less well, or with a false one it is thicker."""

NOTABLE_ML = 0.5
"""Possible hemorrhage below this is not worth a second look: vessels and edges of bone often come so far."""


@dataclass(frozen=True)
class SecondLook:
    """What ``measurements.json`` says of a model's uncertainty.

    Attributes:
        unsure_ml: volume in which the model gave hemorrhage 20 % to 80 %.
        lowest_ml, highest_ml: the volume without all of that, and with all of it.
        rim_mm: ``unsure_ml`` laid evenly around a ball of the outlined volume; None without an outline.
        left_out_ml: see :class:`~.segmenter.Uncertainty`.
        second_look: whether a person should look again.
        reasons: why, one sentence each.
        half_ratio: see :class:`~.segmenter.Uncertainty`.
    """

    unsure_ml: float
    lowest_ml: float
    highest_ml: float
    rim_mm: float | None
    left_out_ml: float
    second_look: bool
    reasons: tuple[str, ...]
    half_ratio: float | None

    def to_dict(self) -> dict[str, Any]:
        said = {**asdict(self), "reasons": list(self.reasons)}
        if self.half_ratio is None:
            del said["half_ratio"]
        return said


def second_look(
    mask: Volume,
    uncertainty: Uncertainty,
    limits: Iterable[str],
    slice_positions_mm: ArrayLike | None = None,
) -> SecondLook:
    """Judge a segmentation by what its model was unsure of.

    Args:
        mask: the outlined hemorrhage.
        limits: sentences on what of the scan itself limits the search, such as a missing part of the head.
        slice_positions_mm: ``[D]`` positions along the normal where slices are unevenly spaced.
    """
    inside, outside, found = _volumes_ml(mask, uncertainty.map, slice_positions_mm)
    rim = rim_mm(inside + outside, found) if found else None
    reasons = [
        *_rim_reasons(found, inside + outside, rim),
        *_threshold_reasons(found - inside, found, found + outside),
        *_left_out_reasons(uncertainty.left_out_ml),
        *limits,
    ]
    return SecondLook(
        unsure_ml=inside + outside,
        lowest_ml=found - inside,
        highest_ml=found + outside,
        rim_mm=rim,
        left_out_ml=uncertainty.left_out_ml,
        second_look=bool(reasons),
        reasons=tuple(reasons),
        half_ratio=uncertainty.half_ratio,
    )


def rim_mm(unsure_ml: float, found_ml: float) -> float:
    """Thickness (mm) of ``unsure_ml`` spread over a ball's surface, ``(36 pi)^(1/3) V^(2/3)``."""
    surface_mm2 = (36 * np.pi) ** (1 / 3) * (found_ml * 1000) ** (2 / 3)
    return float(unsure_ml * 1000 / surface_mm2)


def _volumes_ml(
    mask: Volume, uncertainty: Volume, slice_positions_mm: ArrayLike | None
) -> tuple[float, float, float]:
    """mL of unsure voxels inside and outside the mask, and of the mask; slice by slice, to save memory."""
    from ..measurement.axial import slice_volumes_mm3  # slow to load, and there by the time that this runs

    inside = outside = found = 0.0
    slices_ml = slice_volumes_mm3(mask, slice_positions_mm) / 1000
    for outlined, doubt, voxel_ml in zip(mask.voxels, uncertainty.voxels, slices_ml.tolist(), strict=True):
        unsure = doubt >= UNSURE
        within = int(np.count_nonzero(unsure & (outlined > 0)))
        inside += within * voxel_ml
        outside += (int(np.count_nonzero(unsure)) - within) * voxel_ml
        found += int(np.count_nonzero(outlined)) * voxel_ml
    return inside, outside, found


def _rim_reasons(found: float, unsure: float, rim: float | None) -> list[str]:
    if rim is None:
        if unsure < NOTABLE_ML:
            return []
        return [f"Nothing was outlined, but {unsure:.1f} mL may be hemorrhage."]
    if rim < THICK_RIM_MM or unsure < NOTABLE_ML:
        return []
    return [
        f"The outline is uncertain: the model was unsure of {unsure:.1f} mL, beside {ml(found)} mL that it "
        "outlined."
    ]


def _threshold_reasons(lowest: float, found: float, highest: float) -> list[str]:
    if not lowest < THRESHOLD_ML <= highest:
        return []
    return [
        f"The volume of {found:.1f} mL may lie on either side of {THRESHOLD_ML:.0f} mL: the model holds "
        f"{lowest:.1f} to {highest:.1f} mL possible."
    ]


def _left_out_reasons(left_out: float) -> list[str]:
    if left_out < NOTABLE_ML:
        return []
    return [f"A region of {left_out:.1f} mL that may be hemorrhage was left out of the outline."]
