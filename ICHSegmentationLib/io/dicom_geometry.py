"""Slices that know their place become a stack with one affine, which shears when the gantry was tilted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .dicom_slices import Slice
from .slice_spacing import spacing_warnings, uneven

# How far headers may stray, mostly through rounding, before it means something.
_SAME_PLACE_MM = 0.01
_OFF_LINE_MM = 0.5
_TILT_DEGREES = 0.1
_DIRECTION = 2e-3


@dataclass(frozen=True)
class Stack:
    """Slices in order along their normal.

    Attributes:
        affine: takes ``(column, row, slice, 1)`` to RAS mm. Its slice step is the median distance, so that a
            voxel's volume is right wherever slices are regular.
        slice_positions_mm: ``[D]`` distance of each slice from the first along the normal, where the affine
            alone would tell it wrongly; else None.
        warnings: what a user should know.
    """

    slices: tuple[Slice, ...]
    affine: NDArray[np.float64]
    slice_positions_mm: NDArray[np.float64] | None
    warnings: tuple[str, ...]


def stack(slices: Sequence[Slice]) -> Stack:
    """Order the slices of one series by position along their normal.

    Raises:
        GeometryError: the slices differ in size or pixel spacing, share a place, or do not stand one behind
            the other.
    """
    slices = _without_copies(slices)
    _require_alike(slices)
    along = np.array([s.position @ slices[0].normal for s in slices])
    order = np.argsort(along, kind="stable")
    slices, along = [slices[i] for i in order], along[order] - along.min()
    if len(slices) == 1:
        return _single(slices[0])
    gaps = np.diff(along)
    _require_distinct(gaps)
    step = _step_per_mm(slices, along)
    warnings = [*spacing_warnings(gaps), *_tilt_warnings(step, slices[0])]
    affine = _affine(slices[0], step * float(np.median(gaps)))
    return Stack(tuple(slices), affine, along if uneven(gaps).any() else None, tuple(warnings))


def parallel(one: Slice, other: Slice) -> bool:
    """Whether two slices have the same orientation, up to rounding."""
    return bool(np.abs(one.axes - other.axes).max() < _DIRECTION)


def degrees_between(one: Slice, other: Slice) -> float:
    """The angle of the turn that takes the orientation of one slice to that of the other."""
    trace = float((one.axes * other.axes).sum() + one.normal @ other.normal)
    return float(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))))


def _without_copies(slices: Sequence[Slice]) -> list[Slice]:
    """One slice for each identity: the same image is often found twice in an export."""
    return list({(s.sop_uid, s.frame): s for s in reversed(slices)}.values())


def _require_alike(slices: Sequence[Slice]) -> None:
    first = slices[0]
    for s in slices:
        if s.shape != first.shape or not np.allclose(s.pixel_spacing, first.pixel_spacing, rtol=1e-3):
            raise GeometryError(
                f"Expected slices of one size, found {first.shape} pixels of {first.pixel_spacing} mm and "
                f"{s.shape} of {s.pixel_spacing} mm ({s.path.name}).",
                "Give one reconstruction of the scan.",
            )
    lengths = np.linalg.norm(first.axes, axis=1)
    if np.abs(lengths - 1).max() > 1e-2 or abs(first.axes[0] @ first.axes[1]) > 1e-2:
        raise GeometryError(
            f"Expected perpendicular row and column directions of length 1, found {first.axes.tolist()}.",
            "The DICOM header is damaged: export the scan again.",
        )
    if min(first.pixel_spacing) <= 0:
        raise GeometryError(
            f"Expected a pixel spacing above 0, found {first.pixel_spacing} mm.",
            "The DICOM header is damaged: export the scan again.",
        )


def _require_distinct(gaps: NDArray[np.float64]) -> None:
    same = int((gaps < _SAME_PLACE_MM).sum())
    if same == len(gaps):
        raise GeometryError(
            f"Expected slices one behind the other, found {same + 1} at the same place.",
            "This is no volume (a bolus-tracking series, perhaps): give the head scan itself.",
        )
    if same:
        raise GeometryError(
            f"Expected one slice at each place, found {same} more that lie where another one does.",
            "The series holds several acquisitions or reconstructions: export one of them.",
        )


def _step_per_mm(slices: Sequence[Slice], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[3]`` how the first pixel moves for each mm along the normal (LPS); slanted by gantry tilt."""
    positions = np.array([s.position for s in slices])
    step = (positions[-1] - positions[0]) / along[-1]
    off_line = np.linalg.norm(positions - (positions[0] + along[:, np.newaxis] * step), axis=1).max()
    if off_line > _OFF_LINE_MM:
        raise GeometryError(
            f"Expected slices one behind the other, found one {off_line:.1f} mm beside the others' line.",
            "The series joins several acquisitions: export one of them.",
        )
    return step


def _affine(first: Slice, step: NDArray[np.float64]) -> NDArray[np.float64]:
    columns, rows = first.axes / np.linalg.norm(first.axes, axis=1, keepdims=True)
    between_rows, between_columns = first.pixel_spacing
    lps = np.eye(4)
    lps[:3] = np.column_stack([columns * between_columns, rows * between_rows, step, first.position])
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps


def _single(only: Slice) -> Stack:
    if not only.thickness:
        raise GeometryError(
            "Expected several slices, found a single one that does not tell its thickness.",
            "Give the folder with the whole series.",
        )
    warning = f"There is only one slice; its thickness, {only.thickness:g} mm, is taken from the header."
    return Stack((only,), _affine(only, only.normal * only.thickness), None, (warning,))


def _tilt_warnings(step: NDArray[np.float64], first: Slice) -> list[str]:
    cosine = float(abs(step @ first.normal) / (np.linalg.norm(step) * np.linalg.norm(first.normal)))
    tilt = float(np.degrees(np.arccos(min(1.0, cosine))))
    if tilt < _TILT_DEGREES:
        return []
    return [f"The gantry was tilted by {tilt:.1f} degrees; the grid is sheared accordingly."]
