"""Pieces of a scan put into a segment or taken out of it, with Slicer's own merging of labelmaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ICHSegmentationLib.correction import Piece
from ICHSegmentationLib.correction.piece import Index
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import Label

from .edited_segments import mark_edited
from .segment_voxels import LABELMAP, labels_of, together
from .terminology import describe
from .translation import tr as _


def voxel_at(scan: slicer.vtkMRMLScalarVolumeNode, ras: Sequence[float]) -> Index:
    """Slice, row and column of the scan at a place in the world (RAS mm); under any parent transform."""
    slice_, row, column = index_at(scan, ras)
    return round(slice_), round(row), round(column)


def index_at(scan: slicer.vtkMRMLScalarVolumeNode, ras: Sequence[float]) -> tuple[float, float, float]:
    """As :func:`voxel_at`, with fractions."""
    local = [0.0, 0.0, 0.0]
    scan.TransformPointFromWorld(ras, local)
    matrix = vtk.vtkMatrix4x4()
    scan.GetRASToIJKMatrix(matrix)
    column, row, slice_, _one = matrix.MultiplyPoint((*local, 1.0))
    return slice_, row, column


def require_together(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> None:
    """Raise :class:`InputError` unless both stand under the same parent transform, or under none."""
    if not together(scan, segmentation):
        raise InputError(
            _(
                "Expected the segmentation '{segmentation}' under the same transform as the scan '{scan}'."
            ).format(segmentation=segmentation.GetName(), scan=scan.GetName()),
            _("Put both under the same transform, in the Transforms module."),
        )


def segment_with(segmentation: slicer.vtkMRMLSegmentationNode, label: Label) -> str:
    """Id of the segment with this label, made empty where there is none."""
    for name, other in labels_of(segmentation).items():
        if other == label:
            return name
    content = segmentation.GetSegmentation()
    name = content.AddEmptySegment(label.id, label.name)
    describe(content.GetSegment(name), label)
    return name


def add_piece(
    segmentation: slicer.vtkMRMLSegmentationNode,
    scan: slicer.vtkMRMLScalarVolumeNode,
    segment_id: str,
    piece: Piece,
) -> None:
    """Add the voxels of a piece to a segment, and mark it as edited; other segments stay as they are."""
    image = _on_segments_grid(_labelmap(scan, piece), segmentation, segment_id)
    _merge(image, segmentation, segment_id, slicer.vtkSlicerSegmentationsModuleLogic.MODE_MERGE_MASK)


def remove_piece(
    segmentation: slicer.vtkMRMLSegmentationNode,
    scan: slicer.vtkMRMLScalarVolumeNode,
    segment_id: str,
    piece: Piece,
) -> None:
    """Take the voxels of a piece out of a segment, and mark it as edited; other segments stay as they are."""
    image = _on_segments_grid(_labelmap(scan, piece), segmentation, segment_id)
    values = vtk_to_numpy(image.GetPointData().GetScalars())
    values[:] = np.where(values == 0, 255, 0)  # the minimum with 255 leaves every label as it is
    _merge(image, segmentation, segment_id, slicer.vtkSlicerSegmentationsModuleLogic.MODE_MERGE_MIN)


def _merge(
    image: slicer.vtkOrientedImageData,
    segmentation: slicer.vtkMRMLSegmentationNode,
    segment_id: str,
    mode: int,
) -> None:
    slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(image, segmentation, segment_id, mode)
    mark_edited(segmentation.GetSegmentation().GetSegment(segment_id))


def _labelmap(scan: slicer.vtkMRMLScalarVolumeNode, piece: Piece) -> slicer.vtkOrientedImageData:
    """The piece at its place on the scan's grid, under the scan's parent transform."""
    slices, rows, columns = piece.box
    image = slicer.vtkOrientedImageData()
    image.SetExtent(columns.start, columns.stop - 1, rows.start, rows.stop - 1, slices.start, slices.stop - 1)
    values = np.ascontiguousarray(piece.inside, dtype=np.uint8).ravel()
    image.GetPointData().SetScalars(numpy_to_vtk(values, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    image.SetImageToWorldMatrix(matrix)
    return image


def _on_segments_grid(
    image: slicer.vtkOrientedImageData, segmentation: slicer.vtkMRMLSegmentationNode, segment_id: str
) -> slicer.vtkOrientedImageData:
    """The labelmap on the grid of the segment's own, which a user may have made finer than the scan's."""
    own = segmentation.GetSegmentation().GetSegment(segment_id).GetRepresentation(LABELMAP)
    resample = slicer.vtkOrientedImageDataResample
    if own is None or own.IsEmpty() or resample.DoGeometriesMatchIgnoreOrigin(image, own):
        return image
    result = slicer.vtkOrientedImageData()
    resample.ResampleOrientedImageToReferenceOrientedImage(image, own, result, False, True)
    return result
