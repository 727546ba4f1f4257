"""One action adds a lesion to a segmentation, takes one away, or says what one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import slicer

from ICHSegmentationLib.correction import Piece, grow_lesion, lesion_at, lesion_centred
from ICHSegmentationLib.labels import Label, label_named, label_of

from .edit_observer import EditObserver, MoveObserver
from .remeasure import remeasure
from .scan_export import ct_of
from .segment_edits import add_piece, index_at, remove_piece, require_together, segment_with, voxel_at
from .segment_voxels import labels_of, mask_of

__all__ = [
    "EditObserver", "MoveObserver", "add_lesion_at", "relabel_lesion", "remeasure", "remove_lesion_at",
]  # fmt: skip

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Added:
    """What was added. ``goes_on``: thin blood, or something as dense, leads on from it and was left out."""

    volume_ml: float
    goes_on: bool


def _nothing() -> None:
    pass


def add_lesion_at(
    scan: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    ras: Point,
    label_id: str,
    before_change: Callable[[], object] = _nothing,
) -> Added:
    """Outline the hemorrhage at a place, see :func:`ICHSegmentationLib.correction.grow_lesion`.

    Args:
        ras: the clicked place, world RAS mm.
        label_id: the label to give it; its segment is made if there is none.
        before_change: called when the lesion is found, before the segmentation changes, as to save its state
            for undo.

    Raises:
        InputError: no hemorrhage at this place that can be outlined, or the segmentation does not lie with
            the scan.
    """
    require_together(scan, segmentation)
    ct = ct_of(scan)
    piece = grow_lesion(ct, voxel_at(scan, ras), mask_of(segmentation, scan))
    before_change()
    add_piece(segmentation, scan, segment_with(segmentation, label_named(label_id)), piece)
    return Added(piece.volume_ml(ct), piece.goes_on)


def remove_lesion_at(
    scan: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    ras: Point,
    before_change: Callable[[], object] = _nothing,
) -> float:
    """Remove the lesion at a place: all voxels of its label that are connected, in 3D.

    Args:
        ras: the clicked place, world RAS mm.
        before_change: as in :func:`add_lesion_at`.

    Returns:
        the volume removed, in mL.

    Raises:
        InputError: there is no lesion at this place, or the segmentation does not lie with the scan.
    """
    require_together(scan, segmentation)
    mask, seed = mask_of(segmentation, scan), voxel_at(scan, ras)
    piece = lesion_at(mask, seed)
    before_change()
    _take_out(segmentation, scan, label_of(mask[seed]), piece)
    return piece.volume_ml(ct_of(scan))


def relabel_lesion(
    scan: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    lesion: Mapping[str, Any],
    label_id: str,
    before_change: Callable[[], object] = _nothing,
) -> None:
    """Move a lesion into the segment of another label, made if there is none; a segment left empty goes.

    Args:
        lesion: one lesion of the segmentation's measurements.
        label_id: what the lesion is.
        before_change: as in :func:`add_lesion_at`.

    Raises:
        InputError: the lesion is not marked any more, or the segmentation does not lie with the scan.
    """
    require_together(scan, segmentation)
    old = label_named(lesion["label"])
    centre = index_at(scan, lesion["centroid_mm"])
    piece = lesion_centred(mask_of(segmentation, scan), old.value, centre)
    before_change()
    _take_out(segmentation, scan, old, piece)
    add_piece(segmentation, scan, segment_with(segmentation, label_named(label_id)), piece)
    if not (mask_of(segmentation, scan) == old.value).any():
        for name, label in labels_of(segmentation).items():
            if label == old:
                segmentation.GetSegmentation().RemoveSegment(name)


def _take_out(
    segmentation: slicer.vtkMRMLSegmentationNode,
    scan: slicer.vtkMRMLScalarVolumeNode,
    label: Label,
    piece: Piece,
) -> None:
    for name, other in labels_of(segmentation).items():
        if other == label:
            remove_piece(segmentation, scan, name, piece)
