"""The cases that went worst, as pictures: where prediction and reference disagree most."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.preparation.orientation import Reorientation
from ICHSegmentationLib.report.annotate import Stroke, Word, directions, outlines, scale_bar, slice_number
from ICHSegmentationLib.report.plane import Frame
from ICHSegmentationLib.report.stack import SliceStack
from ICHSegmentationLib.volume import CTVolume, Volume

from .case import CaseMetrics
from .grids import canonical

REFERENCE_COLOUR, PREDICTION_COLOUR = (64, 224, 255), (255, 158, 44)
"""Cyan and orange: told apart by colour-blind readers too; the reference's line is dashed as well."""

CASES_SHOWN = 6
SLICES_SHOWN = 3
SIDE = 400
"""Longer side of a picture in pixels."""


@dataclass(frozen=True)
class SlicePicture:
    """One slice in the brain window; both outlines lie over it."""

    uri: str
    width: int
    height: int
    reference: list[Stroke]
    prediction: list[Stroke]
    scale: Stroke
    words: list[Word]
    caption: str


@dataclass(frozen=True)
class CasePictures:
    """A case and its slices, from below."""

    case: CaseMetrics
    slices: list[SlicePicture]


def worst(cases: Sequence[CaseMetrics], count: int = CASES_SHOWN) -> list[str]:
    """Names of the cases with the lowest Dice, and of the hemorrhage-free ones with the most false volume.

    Only cases with an error count; ties go to the larger volume error. Every third place is for a
    hemorrhage-free case, where there are such.
    """

    def badness(case: CaseMetrics) -> tuple[float, float]:
        return case.pooled.dice, -abs(case.pooled.volume_error_ml)

    wrong = sorted((case for case in cases if case.pooled.dice < 1), key=badness)
    clean = [case.name for case in wrong if case.pooled.reference_ml == 0][: count // 3]
    bleeding = [case.name for case in wrong if case.pooled.reference_ml > 0][: count - len(clean)]
    return [*bleeding, *clean]


def pictures_of(case: CaseMetrics, ct: CTVolume, prediction: Volume, reference: Volume) -> CasePictures:
    """The slices with the largest area of disagreement, up to three.

    Raises:
        GridMismatchError: a mask does not lie on the CT's voxels.
    """
    order = Reorientation.of(ct.grid)
    scan = Volume(order.apply(ct.voxels), order.grid.affine)
    laid = [canonical(mask) for mask in (prediction, reference)]
    for mask in laid:
        scan.require_same_grid(mask)
    found, wanted = (mask.voxels > 0 for mask in laid)
    stack = SliceStack(scan.voxels, (found | wanted).astype(np.uint8), order)
    frame = stack.frame(SIDE)
    wrong = np.count_nonzero(found != wanted, axis=(1, 2))
    most = sorted(np.argsort(-wrong, kind="stable")[:SLICES_SHOWN].tolist())
    shown = [index for index in most if wrong[index]]
    return CasePictures(case, [_slice(stack, i, frame, found[i], wanted[i]) for i in shown])


def _slice(
    stack: SliceStack, index: int, frame: Frame, found: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> SlicePicture:
    bar, length = scale_bar(frame)
    cm2 = stack.pixel_area_cm2
    areas = [float(np.count_nonzero(mask)) * cm2 for mask in (wanted, found)]
    buffer = io.BytesIO()
    frame.picture(stack.grey(index)).save(buffer, "JPEG", quality=85)
    return SlicePicture(
        uri=f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}",
        width=frame.size[0],
        height=frame.size[1],
        reference=_outlined(wanted, frame, REFERENCE_COLOUR),
        prediction=_outlined(found, frame, PREDICTION_COLOUR),
        scale=bar,
        words=[*directions(frame), slice_number(stack, index), length],
        caption=f"Slice {stack.number(index)}: reference {areas[0]:.1f} cm², prediction {areas[1]:.1f} cm²",
    )


def _outlined(mask: NDArray[np.bool_], frame: Frame, colour: tuple[int, int, int]) -> list[Stroke]:
    return [replace(stroke, colour=colour) for stroke in outlines(mask.astype(np.uint8), frame)]
