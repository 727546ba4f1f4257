"""Whether a scan's slices lie where the DICOM files that it was loaded from place them.

Slicer's reader takes slices for evenly spaced. Where they are not, its DICOM module puts the scan under a
transform that moves each to its place, or resamples the scan by it. A setting turns that off, and a scan can
be taken out of the transform: then nothing but the files tells where its slices belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import GeometryError, ICHError
from ICHSegmentationLib.volume import Grid

from .dicom_scan import instances_of, slicers_database
from .scan_export import voxels_of
from .scan_geometry import local_affine, shape_of, world_stack
from .slice_stack import SliceStack
from .translation import tr as _

if TYPE_CHECKING:
    from ICHSegmentationLib.io.dicom_slices import Slice

Floats = NDArray[np.float64]

_POSITION, _ORIENTATION = "0020,0032", "0020,0037"
_OFF = 0.1
"""Slices within this share of their usual distance from their places lie at them."""

_BODY_HU = -500.0
_SAMPLE = 8
"""Pixels between samples in plane when only the share of the body matters."""

_ALIKE_HU, _ALIKE_SHARE = 1.0, 0.95
"""A slice shows its file when more than this share of the body differs by less. On 7 head CTs with slices
5 mm apart it was 41 to 67 % after resampling by half a millimetre."""


def require_as_acquired(scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Raise unless the scan's slices lie where Slicer's DICOM database has them, or are no longer the files'.

    Of a scan that is not in the database nothing is known, and of one that was resampled by its transform
    (hardened) the slices belong where they are.

    Raises:
        GeometryError: they lie elsewhere.
        ICHError: they do not lie there, and what their files show cannot be read.
    """
    acquired = _in_database(scan)
    if acquired is None:
        return
    worst = _worst_placed(scan, acquired)
    if worst is None or not _shows_file(scan, worst):
        return
    found = slice_positions_mm(scan)
    raise GeometryError(
        _(
            "Expected the slices of '{scan}' {acquired} mm apart, as their DICOM files place them, found "
            "them {found} mm apart and up to {missed:.1f} mm from their places."
        ).format(
            scan=scan.GetName(),
            acquired=_apart(acquired),
            found=_apart(found),
            missed=np.abs(found - acquired).max(),
        ),
        _(
            "Put the scan back under its acquisition transform, in the Transforms module; or load the series "
            "again with 'Acquisition geometry regularization' on, in Slicer's DICOM settings."
        ),
    )


def misplaced_warnings(scan: slicer.vtkMRMLScalarVolumeNode) -> list[str]:
    """What :func:`require_as_acquired` would raise, as a warning."""
    try:
        require_as_acquired(scan)
    except ICHError as error:
        return [str(error)]
    return []


def is_resampled(scan: slicer.vtkMRMLScalarVolumeNode, slices: Sequence[Slice]) -> bool:
    """Whether the scan's slices are no longer its files', because a transform was hardened on it.

    Args:
        slices: one for each of the scan's, in their order.
    """
    acquired = _along([slice_.position for slice_ in slices], slices[0].axes)
    worst = _worst_placed(scan, acquired)
    return worst is not None and not _shows(scan, worst, slices[worst])


def slice_positions_mm(scan: slicer.vtkMRMLScalarVolumeNode) -> Floats:
    """``[D]`` distance of each slice from the first along their normal, as the node has them.

    A linear transform above it is left out: it may scale the scan, and moves no slice apart from the others.
    """
    parent = scan.GetParentTransformNode()
    bends = parent is not None and not parent.IsTransformToWorldLinear()
    stack = world_stack(scan) if bends else SliceStack(local_affine(scan))
    if stack.slice_positions_mm is not None:
        return stack.slice_positions_mm
    shape = shape_of(scan)
    return np.arange(float(shape[0])) * Grid(shape, stack.affine).slice_distance


def _in_database(scan: slicer.vtkMRMLScalarVolumeNode) -> Floats | None:
    """``[D]`` as :func:`slice_positions_mm`, as the files place the slices; None where that is not known."""
    database, uids = slicers_database(), instances_of(scan)
    if database is None or len(uids) != shape_of(scan)[0]:
        return None
    positions = [_numbers(database.instanceValue(uid, _POSITION)) for uid in uids]
    axes = _numbers(database.instanceValue(uids[0], _ORIENTATION))
    if len(axes) != 6 or any(len(position) != 3 for position in positions):
        return None
    return _along(positions, np.reshape(axes, (2, 3)))


def _numbers(text: str | None) -> list[float]:
    return [float(number) for number in (text or "").split("\\") if number]


def _along(positions: Sequence[Any], axes: Floats) -> Floats:
    from_first = np.array(positions) - positions[0]
    return np.asarray(np.abs(from_first @ np.cross(axes[0], axes[1])))


def _worst_placed(scan: slicer.vtkMRMLScalarVolumeNode, acquired: Floats) -> int | None:
    """A slice with much of the body on it that lies far from its place; None where all are at theirs."""
    missed = np.abs(slice_positions_mm(scan) - acquired)
    if missed.max() <= _OFF * np.median(np.abs(np.diff(acquired))):
        return None
    body = (voxels_of(scan)[:, ::_SAMPLE, ::_SAMPLE] > _BODY_HU).mean(axis=(1, 2))
    return int((missed * body).argmax())


def _shows_file(scan: slicer.vtkMRMLScalarVolumeNode, index: int) -> bool:
    """As :func:`_shows`, with the slice's file in the database; False where that has gone."""
    from ICHSegmentationLib.io.dicom_slices import read_headers

    path = Path(slicers_database().fileForInstance(instances_of(scan)[index]) or "")
    slices = read_headers([path]).slices if path.is_file() else ()
    return bool(slices) and _shows(scan, index, slices[0])


def _shows(scan: slicer.vtkMRMLScalarVolumeNode, index: int, slice_: Slice) -> bool:
    """Whether a slice of the scan shows what its file does; readers round, and differ around the body."""
    from ICHSegmentationLib.io.dicom_pixels import read_pixels

    own, stored = (plane.astype(np.float32) for plane in (voxels_of(scan)[index], read_pixels([slice_])[0]))
    if own.shape != stored.shape:
        return False
    body = (own > _BODY_HU) | (stored > _BODY_HU)
    alike = np.abs(own - stored)[body] < _ALIKE_HU
    return bool(alike.size) and bool(alike.mean() > _ALIKE_SHARE)


def _apart(positions: Floats) -> str:
    """The distances between neighbours: ``5``, or ``2.5 to 8``."""
    low, high = (f"{end(np.diff(positions)):.4g}" for end in (np.min, np.max))
    return low if low == high else _("{low} to {high}").format(low=low, high=high)
