"""Volume nodes for tests, and scenes that go through a file and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPACING = (0.5, 0.5, 5.0)  # mm, column, row, slice: an ordinary head CT


def head_voxels(shape: tuple[int, int, int] = (6, 40, 36)) -> NDArray[np.int16]:
    """``[D, H, W]`` HU: air, an elliptic skull (1000), brain (30) and a bleed (65) that no mirror keeps."""
    depth, height, width = shape
    row, column = np.mgrid[:height, :width]
    radius = np.hypot((row - height / 2) / (height / 2), (column - width / 2) / (width / 2))
    plane = np.where(radius < 0.7, 30, np.where(radius < 0.85, 1000, -1000))
    voxels = np.repeat(plane[None], depth, axis=0).astype(np.int16)
    voxels[bleed_slices(shape)] = 65
    return voxels


def bleed_slices(shape: tuple[int, int, int] = (6, 40, 36)) -> tuple[slice, slice, slice]:
    """The box of slices, rows and columns that the bleed of :func:`head_voxels` fills."""
    depth, height, width = shape
    return (
        slice(depth // 2, depth // 2 + 2),
        slice(height // 4, height // 4 + height // 5),
        slice(width // 2, width // 2 + width // 6),
    )


def plain_affine(shape: tuple[int, int, int] = (6, 40, 36)) -> NDArray[np.float64]:
    """An axial grid as scanners give it: columns to the left, rows to the back, slices upward (RAS mm)."""
    affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
    affine[:2, 3] = shape[2] * SPACING[0] / 2, shape[1] * SPACING[1] / 2
    return affine


def make_scan(
    scene: Any,
    affine: ArrayLike | None = None,
    voxels: ArrayLike | None = None,
    parent: Any = None,
    name: str = "CT",
) -> Any:
    """A scalar volume node with a subject-hierarchy item, as the desktop has it after loading a CT.

    Args:
        affine: ``[4, 4]``, takes (column, row, slice, 1) to RAS mm under the parent; default
            :func:`plain_affine`. A volume node holds no shear: a sheared affine raises ValueError.
        voxels: ``[D, H, W]``; default :func:`head_voxels`.
        parent: a transform node, or a 4x4 matrix to make a linear one of.
    """
    import slicer

    values = head_voxels() if voxels is None else np.ascontiguousarray(voxels)
    matrix = plain_affine(values.shape) if affine is None else np.asarray(affine, dtype=float)
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-6):
        raise ValueError("a volume node cannot hold shear: give it as the parent transform")

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, values)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
    node.CreateDefaultDisplayNodes()
    if parent is not None:
        transform = parent if hasattr(parent, "GetTransformToParent") else make_transform(scene, parent)
        node.SetAndObserveTransformNodeID(transform.GetID())
    hierarchy = scene.GetSubjectHierarchyNode()
    hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    return node


def make_transform(scene: Any, matrix: ArrayLike, name: str = "Acquisition") -> Any:
    """A linear transform node, parent to world; shear is allowed."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.asarray(matrix, dtype=float)))
    return node


def make_tilt(scene: Any, scan_affine: ArrayLike, shape: tuple[int, int, int], shear: ArrayLike) -> Any:
    """A grid transform as Slicer's DICOM plugin puts on a tilted CT, see :func:`make_acquisition`.

    Args:
        shear: ``[3]`` RAS mm by which a slice is moved for each slice above the first.
    """
    moved = np.arange(shape[0])[:, None] * np.asarray(shear, dtype=float)
    return make_acquisition(scene, scan_affine, shape, moved)


def make_acquisition(
    scene: Any, scan_affine: ArrayLike, shape: tuple[int, int, int], moved: NDArray[np.float64]
) -> Any:
    """A grid transform as Slicer's DICOM plugin puts on a CT of uncommon geometry: slices moved one by one.

    Args:
        moved: ``[D, 3]`` RAS mm by which each slice is moved.
    """
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    affine = np.asarray(scan_affine, dtype=float)
    depth, height, width = shape
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    image = vtk.vtkImageData()
    image.SetDimensions(2, 2, depth)
    moved = np.ascontiguousarray(np.broadcast_to(moved[:, None, None], (depth, 2, 2, 3)).reshape(-1, 3))
    image.GetPointData().SetScalars(numpy_to_vtk(moved, deep=True))

    grid = slicer.vtkOrientedGridTransform()
    image.SetOrigin(*affine[:3, 3])
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(lengths[0] * (width - 1), lengths[1] * (height - 1), lengths[2])
    grid.SetDisplacementGridData(image)
    direction = np.eye(4)
    direction[:3, :3] = axes
    grid.SetGridDirectionMatrix(slicer.util.vtkMatrixFromArray(direction))
    node = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Acquisition transform")
    node.SetAndObserveTransformToParent(grid)
    return node


def save_bundle(scene: Any, path: Path) -> Path:
    """Write the scene as ``.mrb``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not scene.WriteToMRB(str(path)):
        raise RuntimeError(f"Slicer did not write {path}")
    return path


def load_bundle(scene: Any, path: Path) -> None:
    """Replace what the scene holds with the content of a ``.mrb``."""
    scene.Clear(False)
    if not scene.ReadFromMRB(str(path), True):
        raise RuntimeError(f"Slicer did not read {path}")
