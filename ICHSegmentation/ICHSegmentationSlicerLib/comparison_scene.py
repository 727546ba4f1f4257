"""Two segmented scans of one patient: their growth, and a transform that lays the later over the earlier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.io import write_mask
from ICHSegmentationLib.volume import Volume

from .scan_geometry import world_affine
from .segment_voxels import mask_of
from .translation import tr as _

_REGISTERED = "ICHSegmentation.LaidOver"  # attribute of the transform: id of the scan that it moves


def write_mask_of(
    segmentation: slicer.vtkMRMLSegmentationNode, scan: slicer.vtkMRMLScalarVolumeNode, path: Path
) -> Path:
    """Write a segmentation as a ``.nrrd`` of label values on its scan's voxels, for another process.

    Raises:
        UnknownLabelError: a segment is no hemorrhage.
        GeometryError: see :func:`.scan_geometry.world_affine`.
        NotWritableError, DiskFullError, OutputError: the file cannot be written.
    """
    write_mask(Volume(mask_of(segmentation, scan), world_affine(scan)), path)
    return path


def lay_over(
    scene: slicer.vtkMRMLScene,
    scan: slicer.vtkMRMLScalarVolumeNode,
    others: list[Any],
    matrix: NDArray[np.float64],
) -> slicer.vtkMRMLLinearTransformNode:
    """Move a scan, and those of ``others`` that hang on the same transform, by ``matrix`` in the world.

    Args:
        matrix: ``[4, 4]``, RAS mm, rigid.

    Returns:
        The transform node; other nodes under the scan's own transform stay where they are. Only where that
        transform is not linear (a tilted gantry's), all that hangs on it is moved.
    """
    take_apart(scene, scan)
    node = scene.AddNewNodeByClass(
        "vtkMRMLLinearTransformNode", _("{scan} on earlier scan").format(scan=scan.GetName())
    )
    node.SetAttribute(_REGISTERED, scan.GetID())
    parent = scan.GetParentTransformNode()
    if parent is not None and not parent.IsTransformToWorldLinear():
        node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        _outermost(parent).SetAndObserveTransformNodeID(node.GetID())
        return node
    to_world = slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes
    own = np.eye(4)
    if parent is not None:
        world = slicer.util.vtkMatrixFromArray(np.eye(4))
        to_world(parent, None, world)
        own = slicer.util.arrayFromVTKMatrix(world)
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.linalg.inv(own) @ matrix @ own))
    node.SetAndObserveTransformNodeID(parent.GetID() if parent is not None else None)
    for moved in [scan, *others]:
        if moved.GetParentTransformNode() is parent:
            moved.SetAndObserveTransformNodeID(node.GetID())
    return node


def take_apart(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Put a scan that :func:`lay_over` moved back where it was acquired; others that moved with it too.

    Returns:
        whether it had been moved.
    """
    node = _laid_over(scene, scan)
    if node is None:
        return False
    parent = node.GetParentTransformNode()
    for moved in _on(scene, node):
        moved.SetAndObserveTransformNodeID(parent.GetID() if parent is not None else None)
    scene.RemoveNode(node)
    return True


def _laid_over(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> Any:
    """The transform node by which :func:`lay_over` moved this scan, or None."""
    node = scan.GetParentTransformNode()
    while node is not None and not node.GetAttribute(_REGISTERED):
        node = node.GetParentTransformNode()
    return node


def _outermost(node: Any) -> Any:
    while node.GetParentTransformNode() is not None:
        node = node.GetParentTransformNode()
    return node


def _on(scene: slicer.vtkMRMLScene, transform: Any) -> list[Any]:
    """The nodes that hang directly on a transform."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTransformableNode")
    nodes = [scene.GetNthNodeByClass(n, "vtkMRMLTransformableNode") for n in range(count)]
    return [node for node in nodes if node.GetParentTransformNode() is transform]
