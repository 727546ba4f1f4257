"""Label values ``[D, H, W]`` on a scan's voxels into segments, and back out of what a user made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ICHSegmentationLib.labels import Label

from .scan_geometry import local_affine, matrix_array, shape_of
from .terminology import describe, label_of

LABELMAP, SURFACE = "Binary labelmap", "Closed surface"
_SAME_MM = 1e-3
Box = tuple[slice, slice, slice]


def put_mask(
    segmentation: slicer.vtkMRMLSegmentationNode,
    scan: slicer.vtkMRMLVolumeNode,
    mask: NDArray[np.uint8],
    labels: Sequence[Label],
) -> None:
    """Replace a segmentation's segments by one for each of the labels in ``mask``.

    All segments share one labelmap, in which each keeps the value that it has in the mask, so it does not
    matter which other labels are present.

    Args:
        mask: label values ``[D, H, W]`` on the scan's voxels.
        labels: those that occur in it.
    """
    content = segmentation.GetSegmentation()
    content.RemoveAllSegments()
    content.SetSourceRepresentationName(LABELMAP)
    if not labels:
        return
    shared = _labelmap(mask, scan)
    for label in labels:
        segment = slicer.vtkSegment()
        describe(segment, label)
        segment.SetLabelValue(label.value)
        segment.AddRepresentation(LABELMAP, shared)
        content.AddSegment(segment, label.id)


def mask_of(
    segmentation: slicer.vtkMRMLSegmentationNode, scan: slicer.vtkMRMLVolumeNode
) -> NDArray[np.uint8]:
    """Label values ``[D, H, W]`` on the scan's voxels; where segments overlap, the last in the list wins.

    Raises:
        UnknownLabelError: a segment is no hemorrhage, see :func:`.terminology.label_of`.
    """
    mask = np.zeros(shape_of(scan), dtype=np.uint8)
    on_scan = together(scan, segmentation)
    matrix = local_affine(scan)
    for name, label in labels_of(segmentation).items():
        segment = segmentation.GetSegmentation().GetSegment(name)
        image = segment.GetRepresentation(LABELMAP)
        if image is not None and on_scan and _same_place(image, matrix, mask.shape):
            box, values = _box_and_values(image)
            mask[box][values == segment.GetLabelValue()] = label.value
        else:
            inside = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, name, scan)
            mask[inside != 0] = label.value
    return mask


def together(scan: slicer.vtkMRMLVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode) -> bool:
    """Whether both stand under the same parent transform, or under none."""
    return bool(segmentation.GetTransformNodeID() == scan.GetTransformNodeID())


def labels_of(segmentation: slicer.vtkMRMLSegmentationNode) -> dict[str, Label]:
    """The label of each segment, by segment id, in the order of the list.

    Raises:
        UnknownLabelError: a segment is no hemorrhage, see :func:`.terminology.label_of`.
    """
    content = segmentation.GetSegmentation()
    names = list(content.GetSegmentIDs())
    return {name: label_of(content.GetSegment(name), only=len(names) == 1) for name in names}


def _labelmap(mask: NDArray[np.uint8], scan: slicer.vtkMRMLVolumeNode) -> slicer.vtkOrientedImageData:
    """The part of the mask that is not empty, at its place on the scan's grid."""
    box = _bounding_box(mask)
    first, last = [part.start for part in box], [part.stop - 1 for part in box]
    image = slicer.vtkOrientedImageData()
    image.SetExtent(first[2], last[2], first[1], last[1], first[0], last[0])
    values = numpy_to_vtk(
        np.ascontiguousarray(mask[box]).ravel(), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR
    )
    values.SetName("ImageScalars")
    image.GetPointData().SetScalars(values)
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    image.SetImageToWorldMatrix(matrix)
    return image


def _bounding_box(mask: NDArray[np.uint8]) -> Box:
    """The smallest box with all voxels that are not 0; axis by axis, as each makes the next one cheaper."""
    box = [slice(0, n) for n in mask.shape]
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        where = np.flatnonzero(mask[tuple(box)].any(axis=others))
        box[axis] = slice(int(where[0]), int(where[-1]) + 1)
    return box[0], box[1], box[2]


def _same_place(
    image: slicer.vtkOrientedImageData, affine: NDArray[np.float64], shape: tuple[int, ...]
) -> bool:
    """Whether a labelmap's voxels are voxels of the scan, so that indices can be taken as they are."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in shape[::-1]])).reshape(3, -1).T
    moved = np.column_stack([ends, np.ones(len(ends))]) @ (matrix_array(matrix) - affine).T
    return bool(np.abs(moved).max() < _SAME_MM) and _within(image.GetExtent(), shape)


def _within(extent: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    firsts, lasts = extent[0::2], extent[1::2]
    return all(first >= 0 and last < n for first, last, n in zip(firsts, lasts, shape[::-1], strict=True))


def _box_and_values(image: slicer.vtkOrientedImageData) -> tuple[Box, NDArray[Any]]:
    i, i_end, j, j_end, k, k_end = image.GetExtent()
    box = slice(k, k_end + 1), slice(j, j_end + 1), slice(i, i_end + 1)
    if i_end < i or j_end < j or k_end < k:
        return (slice(0, 0),) * 3, np.zeros((0, 0, 0), dtype=np.uint8)
    shape = tuple(part.stop - part.start for part in box)
    return box, vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape)
