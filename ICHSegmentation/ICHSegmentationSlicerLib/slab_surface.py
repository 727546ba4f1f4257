"""One closed surface, made in slabs: Slicer's own conversion of all of it at once would take too long.

Each slab is converted with some planes of its neighbours, so that it is smoothed as the whole would be, and
is then cut where the next one begins.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk

from .block_grid import Inside
from .scan_geometry import matrix_array
from .segment_voxels import LABELMAP, SURFACE

FACES_A_SLAB = 6_000
"""Sides between voxels inside and outside. Slicer's conversion took 3.5 to 5 microseconds of processor time
for each: with those of the overlap, less than 0.1 s."""

OVERLAP = 8
"""Planes of each neighbour. On a shell of 1 x 1 x 5 mm, the cut pieces then lay 0.04 mm from the surface made
at once (mean; at most 0.17 mm); with 5 planes 0.18 mm."""


@dataclass(frozen=True)
class Blocks:
    """Blocks of voxels ``[D, H, W]`` with their place: ``affine`` takes (column, row, slice, 1) to RAS mm."""

    inside: Inside
    affine: NDArray[np.float64]


def surface_in_slabs(
    content: slicer.vtkSegmentation, blocks: Blocks
) -> Generator[None, None, vtk.vtkPolyData]:
    """The surface around the blocks, with the conversion parameters of ``content``; a step for each slab."""
    axis = int(np.argmax(blocks.inside.shape))
    yield
    bounds = _bounds(np.moveaxis(blocks.inside, axis, 0))
    together = vtk.vtkAppendPolyData()
    for first, last in pairwise(bounds):
        together.AddInputData(_slab(content, blocks, axis, first, last))
        yield
    if len(bounds) == 2:
        return together.GetInput(0)
    together.Update()
    return together.GetOutput()


def _bounds(planes: Inside) -> list[int]:
    """Where the slabs begin and end along the first axis, so that each has about as many faces."""
    in_planes = sum(np.diff(planes, axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    between = np.diff(planes, axis=0).sum(axis=(1, 2))
    behind = np.cumsum(in_planes + np.append(between, 0))
    count = int(np.ceil(behind[-1] / FACES_A_SLAB))
    cuts = np.searchsorted(behind, behind[-1] * np.arange(1, count) / max(count, 1)) + 1
    return sorted({0, *cuts.tolist(), len(planes)})


def _slab(
    content: slicer.vtkSegmentation, blocks: Blocks, axis: int, first: int, last: int
) -> vtk.vtkPolyData:
    length = blocks.inside.shape[axis]
    start, stop = max(0, first - OVERLAP), min(length, last + OVERLAP)
    part = [slice(None)] * 3
    part[axis] = slice(start, stop)
    affine = blocks.affine.copy()
    affine[:3, 3] += start * affine[:3, 2 - axis]
    surface = _converted(content, labelmap_of(Blocks(blocks.inside[tuple(part)], affine)))
    planes = []
    for index, sign, needed in ((first, -1, start < first), (last, 1, last < stop)):
        if needed:
            planes.append(_plane(blocks.affine, axis, index - 0.5, sign))
    return _clipped(surface, planes)


def _converted(content: slicer.vtkSegmentation, labelmap: slicer.vtkOrientedImageData) -> vtk.vtkPolyData:
    alone = slicer.vtkSegmentation()
    alone.SetSourceRepresentationName(LABELMAP)
    alone.CopyConversionParameters(content)
    single = slicer.vtkSegment()
    single.AddRepresentation(LABELMAP, labelmap)
    alone.AddSegment(single, "single")
    return single.GetRepresentation(SURFACE) if alone.CreateRepresentation(SURFACE) else vtk.vtkPolyData()


def _plane(affine: NDArray[np.float64], axis: int, index: float, sign: int) -> vtk.vtkPlane:
    """The plane at this index, with its normal out of the slab."""
    direction = affine[:3, 2 - axis]
    plane = vtk.vtkPlane()
    plane.SetOrigin(*(affine[:3, 3] + index * direction))
    plane.SetNormal(*(sign * direction / np.linalg.norm(direction)))
    return plane


def _clipped(surface: vtk.vtkPolyData, planes: list[vtk.vtkPlane]) -> vtk.vtkPolyData:
    if not planes or surface.GetNumberOfPoints() == 0:
        return surface
    within = vtk.vtkImplicitBoolean()
    within.SetOperationTypeToIntersection()
    for plane in planes:
        within.AddFunction(plane)
    clip = vtk.vtkClipPolyData()
    clip.SetInputData(surface)
    clip.SetClipFunction(within)
    clip.InsideOutOn()
    clip.Update()
    return clip.GetOutput()


def labelmap_of(blocks: Blocks) -> slicer.vtkOrientedImageData:
    """The blocks as an image of their own at their place."""
    result = slicer.vtkOrientedImageData()
    result.SetDimensions(*blocks.inside.shape[::-1])
    values = np.ascontiguousarray(blocks.inside).view(np.uint8).ravel()
    result.GetPointData().SetScalars(numpy_to_vtk(values, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(blocks.affine.ravel().tolist())
    result.SetImageToWorldMatrix(matrix)
    return result


def blocks_at(
    inside: Inside, image: slicer.vtkOrientedImageData, first: list[int], steps: tuple[int, ...]
) -> Blocks:
    """Blocks of ``steps`` voxels of an image, placed; ``first`` is their first voxel (slice, row, column)."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    affine = matrix_array(matrix)
    # The middle of the first block: half a block, less half a voxel, from the middle of its first voxel.
    middle = [index + (step - 1) / 2 for index, step in zip(first[::-1], steps[::-1], strict=True)]
    placed = affine @ np.diag([*steps[::-1], 1.0])
    placed[:3, 3] = (affine @ [*middle, 1.0])[:3]
    return Blocks(inside, placed)
