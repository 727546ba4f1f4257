"""Where the voxels of a scan node lie in the patient, with the transform it stands under."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ICHSegmentationLib.errors import GeometryError

from .translation import tr as _

FIT_MM = 0.1
"""A transform that moves no voxel further than this from an affine is taken as that affine. A tenth of a
millimetre is a fifth of a usual pixel."""


def matrix_array(matrix: vtk.vtkMatrix4x4) -> NDArray[np.float64]:
    """A VTK matrix as an array ``[4, 4]``."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def shape_of(scan: slicer.vtkMRMLVolumeNode) -> tuple[int, int, int]:
    """Number of slices, rows and columns, ``(D, H, W)``."""
    columns, rows, slices = scan.GetImageData().GetDimensions()
    return slices, rows, columns


def middle_of_slice(scan: slicer.vtkMRMLVolumeNode, axis: int, index: int) -> tuple[float, float, float]:
    """World RAS mm of the middle of a slice, counted from 0 on an axis of the array ``[D, H, W]``.

    Raises:
        GeometryError: see :func:`world_affine`.
    """
    place = [(length - 1) / 2 for length in shape_of(scan)]
    place[axis] = float(index)
    x, y, z, _one = world_affine(scan) @ [*place[::-1], 1.0]
    return float(x), float(y), float(z)


def local_affine(scan: slicer.vtkMRMLVolumeNode) -> NDArray[np.float64]:
    """``[4, 4]``, takes (column, row, slice, 1) to RAS mm under the scan's parent transform."""
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    return matrix_array(matrix)


def world_affine(scan: slicer.vtkMRMLVolumeNode) -> NDArray[np.float64]:
    """``[4, 4]``, takes (column, row, slice, 1) to RAS mm in the world.

    A linear parent transform counts exactly, with its shear. A non-linear one, as Slicer's DICOM reader puts
    on tilted scans, is taken as the affine nearest to it when it is as good as one.

    Raises:
        GeometryError: the parent transform bends the scan, or slices lie unevenly under it.
    """
    local = local_affine(scan)
    parent = scan.GetParentTransformNode()
    if parent is None:
        return local
    if parent.IsTransformToWorldLinear():
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        return matrix_array(matrix) @ local
    return _nearest_affine(scan, parent, local)


def _nearest_affine(
    scan: slicer.vtkMRMLVolumeNode, parent: slicer.vtkMRMLTransformNode, local: NDArray[np.float64]
) -> NDArray[np.float64]:
    indices = _lattice(shape_of(scan))
    places = _transformed(parent, (indices @ local.T)[:, :3])
    solution = np.linalg.lstsq(indices, places, rcond=None)[0]
    residual = float(np.linalg.norm(indices @ solution - places, axis=1).max())
    if not residual < FIT_MM:
        raise GeometryError(
            _(
                "Expected evenly spaced slices, found that the transform '{transform}' bends the scan "
                "'{scan}' by up to {residual:.1f} mm."
            ).format(transform=parent.GetName(), scan=scan.GetName(), residual=residual),
            _(
                "Harden the transform on the scan (in the Transforms module), or resample the scan to even "
                "slices."
            ),
        )
    affine = np.eye(4)
    affine[:3] = solution.T
    return affine


def _lattice(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Corners, edges and centres of each slice as ``[N, 4]``: column, row, slice, 1.

    Every slice, because acquisition transforms move slices one by one.
    """
    slices, rows, columns = shape
    axes = np.linspace(0, columns - 1, 3), np.linspace(0, rows - 1, 3), np.arange(slices)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.column_stack([points, np.ones(len(points))])


def _transformed(parent: slicer.vtkMRMLTransformNode, points: NDArray[np.float64]) -> NDArray[np.float64]:
    transform = vtk.vtkGeneralTransform()
    parent.GetTransformToWorld(transform)
    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    after.SetDataTypeToDouble()
    before.SetData(numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    transform.TransformPoints(before, after)
    return vtk_to_numpy(after.GetData()).copy()
