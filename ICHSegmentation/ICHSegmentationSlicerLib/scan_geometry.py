"""Where the voxels of a scan node lie in the patient, with the transform it stands under."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ICHSegmentationLib.errors import GeometryError

from .slice_stack import FIT_MM, SliceStack, nearest_stack
from .translation import tr as _


def matrix_array(matrix: vtk.vtkMatrix4x4) -> NDArray[np.float64]:
    """A VTK matrix as an array ``[4, 4]``."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def shape_of(scan: slicer.vtkMRMLVolumeNode) -> tuple[int, int, int]:
    """Number of slices, rows and columns, ``(D, H, W)``."""
    columns, rows, slices = scan.GetImageData().GetDimensions()
    return slices, rows, columns


def middle_of_slice(scan: slicer.vtkMRMLVolumeNode, axis: int, index: int) -> tuple[float, float, float]:
    """World RAS mm of the middle of a slice, counted from 0 on an axis of the array ``[D, H, W]``."""
    place = [(length - 1) / 2 for length in shape_of(scan)]
    place[axis] = float(index)
    world = [0.0, 0.0, 0.0]
    scan.TransformPointToWorld((local_affine(scan) @ [*place[::-1], 1.0])[:3], world)
    return world[0], world[1], world[2]


def local_affine(scan: slicer.vtkMRMLVolumeNode) -> NDArray[np.float64]:
    """``[4, 4]``, takes (column, row, slice, 1) to RAS mm under the scan's parent transform."""
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    return matrix_array(matrix)


def world_affine(scan: slicer.vtkMRMLVolumeNode) -> NDArray[np.float64]:
    """``[4, 4]``, takes (column, row, slice, 1) to RAS mm in the world; see :func:`world_stack`.

    Raises:
        GeometryError: the parent transform bends the scan.
    """
    return world_stack(scan).affine


def world_stack(scan: slicer.vtkMRMLVolumeNode) -> SliceStack:
    """Where the scan's slices lie in the world.

    A linear parent transform counts exactly, with its shear. A non-linear one, as Slicer's DICOM reader puts
    on tilted scans and on those whose slices lie unevenly, is taken as the stack of slices nearest to it when
    it is as good as one.

    Raises:
        GeometryError: the parent transform bends the scan.
    """
    local = local_affine(scan)
    parent = scan.GetParentTransformNode()
    if parent is None:
        return SliceStack(local)
    if parent.IsTransformToWorldLinear():
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        return SliceStack(matrix_array(matrix) @ local)
    indices = _lattice(shape_of(scan))
    places = _transformed(parent, (indices @ local.T)[..., :3])
    stack, missed = nearest_stack(indices, places)
    if not missed < FIT_MM:
        raise GeometryError(
            _(
                "Expected flat, parallel slices in their order, found that the transform '{transform}' bends "
                "the scan '{scan}' by up to {missed:.1f} mm."
            ).format(transform=parent.GetName(), scan=scan.GetName(), missed=missed),
            _(
                "Take the scan out of the transform (in the Transforms module) to measure it as it was "
                "acquired, or harden the transform on a copy of it."
            ),
        )
    return stack


def _lattice(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Corners, edges and centre of each slice as ``[D, 9, 4]``: column, row, slice, 1.

    Every slice, because acquisition transforms move slices one by one.
    """
    slices, rows, columns = shape
    axes = np.arange(slices), np.linspace(0, rows - 1, 3), np.linspace(0, columns - 1, 3)
    points = np.stack(np.meshgrid(*axes, indexing="ij")[::-1], axis=-1).reshape(slices, 9, 3)
    return np.concatenate([points, np.ones((slices, 9, 1))], axis=-1)


def _transformed(parent: slicer.vtkMRMLTransformNode, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points ``[..., 3]`` of the transform's own space in the world, RAS mm."""
    transform = vtk.vtkGeneralTransform()
    parent.GetTransformToWorld(transform)
    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    after.SetDataTypeToDouble()
    before.SetData(numpy_to_vtk(np.ascontiguousarray(points.reshape(-1, 3)), deep=True))
    transform.TransformPoints(before, after)
    return vtk_to_numpy(after.GetData()).reshape(points.shape).copy()
