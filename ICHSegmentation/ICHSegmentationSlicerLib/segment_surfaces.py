"""The segments' surfaces for the 3D view, one at a time, and coarser where a fine one would take too long.

Slicer makes the surfaces of all segments in one go, on the panel's thread and at the scan's own resolution.
Here each is made on its own, by Slicer's own conversion; after an edit, Slicer makes them as it always does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ICHSegmentationLib.correction.piece import Box, box_of

from .segment_voxels import LABELMAP, SURFACE

MOST_FACES = 15_000
"""Sides between a segment's voxels and those outside. Slicer's conversion took 3.5 to 5 microseconds of
processor time for each: with so many, less than 0.1 s."""

BLOCK_MM = 1.0
"""Length up to which the voxels of a larger segment are joined; with longer blocks, smoothing would wear away
shells a few mm thick."""

Inside = NDArray[np.bool_]


def make_surfaces(segmentation: slicer.vtkMRMLSegmentationNode) -> Iterator[None]:
    """Give every segment that has none a surface, a step for each; all are shown after the last step."""
    content = segmentation.GetSegmentation()
    for name in content.GetSegmentIDs():
        segment = content.GetSegment(name)
        if segment is not None and segment.GetRepresentation(SURFACE) is None:
            yield
            _add_surface(content, segment)
    yield
    segmentation.CreateClosedSurfaceRepresentation()  # of what came meanwhile
    content.InvokeEvent(content.ContainedRepresentationNamesModified)  # the views hear of it


def _add_surface(content: slicer.vtkSegmentation, segment: slicer.vtkSegment) -> None:
    image = segment.GetRepresentation(LABELMAP)
    coarse = _coarsened(image, segment.GetLabelValue()) if image is not None else None
    if coarse is None:
        return
    alone = slicer.vtkSegmentation()
    alone.SetSourceRepresentationName(LABELMAP)
    alone.CopyConversionParameters(content)
    single = slicer.vtkSegment()
    single.AddRepresentation(LABELMAP, coarse)
    alone.AddSegment(single, "single")
    if alone.CreateRepresentation(SURFACE):
        segment.AddRepresentation(SURFACE, single.GetRepresentation(SURFACE))


def _coarsened(image: slicer.vtkOrientedImageData, value: int) -> slicer.vtkOrientedImageData | None:
    """The voxels with this value alone, joined to blocks where there are too many; None without any."""
    scalars = image.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        return None
    inside = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]) == value
    if not inside.any():
        return None
    box = box_of(inside)
    steps = (1, 1, 1)
    if faces(inside[box]) > MOST_FACES:
        depth, height, width = (max(1, int(BLOCK_MM / mm + 1e-3)) for mm in image.GetSpacing()[::-1])
        steps = depth, height, width
    return _placed(_blocks(inside[box], steps), image, box, steps)


def faces(inside: Inside) -> int:
    """Sides of voxels at which the inside ends; those at the ends of the array are not counted."""
    along = (np.moveaxis(inside, axis, 0) for axis in range(inside.ndim))
    return sum(int(np.count_nonzero(planes[1:] != planes[:-1])) for planes in along)


def _blocks(inside: Inside, steps: tuple[int, int, int]) -> Inside:
    """True for the fullest blocks of voxels, as many as have the volume of the inside: a fixed share would
    tear holes into thin shells."""
    if max(steps) == 1:
        return inside
    count = inside.view(np.uint8)
    for axis, step in enumerate(steps):
        count = np.add.reduceat(count, np.arange(0, count.shape[axis], step), axis=axis, dtype=np.uint16)
    wanted = max(1, round(int(np.count_nonzero(inside)) / int(np.prod(steps))))
    least = np.partition(count.ravel(), -wanted)[-wanted]
    return count >= max(least, 1)


def _placed(
    blocks: Inside, image: slicer.vtkOrientedImageData, box: Box, steps: tuple[int, int, int]
) -> slicer.vtkOrientedImageData:
    """The blocks of a box of ``image`` as an image of their own at the same place."""
    firsts = [part.start + least for part, least in zip(box, image.GetExtent()[4::-2], strict=True)]
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    # The middle of the first block: half a block, less half a voxel, from the middle of its first voxel.
    middle = [first + (step - 1) / 2 for first, step in zip(firsts[::-1], steps[::-1], strict=True)]
    origin = matrix.MultiplyPoint((*middle, 1.0))
    for row in range(3):
        for column, step in enumerate(steps[::-1]):
            matrix.SetElement(row, column, matrix.GetElement(row, column) * step)
        matrix.SetElement(row, 3, origin[row])
    result = slicer.vtkOrientedImageData()
    result.SetDimensions(*blocks.shape[::-1])
    values = np.ascontiguousarray(blocks).view(np.uint8).ravel()
    result.GetPointData().SetScalars(numpy_to_vtk(values, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    result.SetImageToWorldMatrix(matrix)
    return result
