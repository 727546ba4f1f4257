"""The segments' surfaces for the 3D view, in small steps, and coarser where a fine one would take too long.

Slicer makes the surfaces of all segments in one go, on the panel's thread and at the scan's own resolution.
Here each is made on its own, by Slicer's own conversion; after an edit, Slicer makes them as it always does.
"""

from __future__ import annotations

from collections.abc import Iterator

import slicer
from vtk.util.numpy_support import vtk_to_numpy

from .block_grid import Inside, cut_out, faces, joined
from .segment_voxels import LABELMAP, SURFACE
from .slab_surface import blocks_at, surface_in_slabs

MOST_VOXELS = 2_000_000
"""A segment in a larger box is a large one, however it fills it."""

MOST_FACES = 15_000
"""One with more sides between its voxels and those outside is a large one, too."""

BLOCK_MM = 1.0
"""Length up to which the voxels of a large segment are joined; with longer blocks, smoothing would wear away
shells a few mm thick."""


def make_surfaces(segmentation: slicer.vtkMRMLSegmentationNode) -> Iterator[None]:
    """Give every segment that has none a surface, in small steps; all are shown after the last step."""
    content = segmentation.GetSegmentation()
    for name in content.GetSegmentIDs():
        segment = content.GetSegment(name)
        if segment is not None and segment.GetRepresentation(SURFACE) is None:
            yield
            yield from _add_surface(content, segment)
    yield
    segmentation.CreateClosedSurfaceRepresentation()  # of what came, or was changed, meanwhile
    content.InvokeEvent(content.ContainedRepresentationNamesModified)  # the views hear of it


def _add_surface(content: slicer.vtkSegmentation, segment: slicer.vtkSegment) -> Iterator[None]:
    image, value = segment.GetRepresentation(LABELMAP), segment.GetLabelValue()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        return
    time = image.GetMTime()
    found = yield from cut_out(vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]), value)
    if found is None:
        return
    inside, box = found
    first = [part.start + least for part, least in zip(box, image.GetExtent()[4::-2], strict=True)]
    steps = (1, 1, 1)
    if _is_large(inside):
        depth, height, width = (max(1, int(BLOCK_MM / mm + 1e-3)) for mm in image.GetSpacing()[::-1])
        steps = depth, height, width
        inside = yield from joined(inside, steps)
    surface = yield from surface_in_slabs(content, blocks_at(inside, image, first, steps))
    unchanged = (segment.GetRepresentation(LABELMAP), image.GetMTime()) == (image, time)
    if unchanged and segment.GetRepresentation(SURFACE) is None:
        segment.AddRepresentation(SURFACE, surface)


def _is_large(inside: Inside) -> bool:
    return inside.size > MOST_VOXELS or faces(inside) > MOST_FACES
