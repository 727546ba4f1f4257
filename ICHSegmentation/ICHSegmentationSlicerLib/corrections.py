"""One click adds a lesion to a segmentation, or takes one away."""

from __future__ import annotations

from collections.abc import Callable

import slicer

from ICHSegmentationLib.correction import grow_lesion, lesion_at
from ICHSegmentationLib.labels import label_named, label_of

from .edit_observer import EditObserver
from .remeasure import remeasure
from .scan_export import ct_of
from .segment_edits import add_piece, remove_piece, require_together, segment_with, voxel_at
from .segment_voxels import labels_of, mask_of

__all__ = ["EditObserver", "add_lesion_at", "remeasure", "remove_lesion_at"]

Point = tuple[float, float, float]


def _nothing() -> None:
    pass


def add_lesion_at(
    scan: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    ras: Point,
    label_id: str,
    before_change: Callable[[], object] = _nothing,
) -> float:
    """Outline the hemorrhage at a place, see :func:`ICHSegmentationLib.correction.grow_lesion`.

    Args:
        ras: the clicked place, world RAS mm.
        label_id: the label to give it; its segment is made if there is none.
        before_change: called when the lesion is found, before the segmentation changes, as to save its state
            for undo.

    Returns:
        the volume added, in mL.

    Raises:
        InputError: no hemorrhage at this place that can be outlined, or the segmentation does not lie with
            the scan.
    """
    require_together(scan, segmentation)
    ct = ct_of(scan)
    piece = grow_lesion(ct, voxel_at(scan, ras), mask_of(segmentation, scan))
    before_change()
    add_piece(segmentation, scan, segment_with(segmentation, label_named(label_id)), piece)
    return piece.volume_ml(ct.grid)


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
    for name, label in labels_of(segmentation).items():
        if label == label_of(mask[seed]):
            remove_piece(segmentation, scan, name, piece)
    return piece.volume_ml(ct_of(scan).grid)
