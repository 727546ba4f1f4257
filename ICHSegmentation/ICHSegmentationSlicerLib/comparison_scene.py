"""Two segmented scans of one patient: their growth, and a transform that lays the later over the earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.volume import CTVolume, Volume

from .scan_export import check_scan, ct_of
from .segmentation_nodes import mask_of
from .translation import tr as _

if TYPE_CHECKING:
    from ICHSegmentationLib.comparison import Comparison

_REGISTERED = "ICHSegmentation.LaidOver"  # attribute of the transform: id of the scan that it moves


def compare(
    scene: slicer.vtkMRMLScene,
    first: slicer.vtkMRMLScalarVolumeNode,
    first_segmentation: slicer.vtkMRMLSegmentationNode,
    second: slicer.vtkMRMLScalarVolumeNode,
    second_segmentation: slicer.vtkMRMLSegmentationNode,
) -> Comparison:
    """Compare the earlier scan ``first`` with the later ``second``, and lay the second over the first.

    The second scan is measured where it was acquired: an earlier comparison's transform is taken away first.
    Where the scans do not fit on each other, the second stays where it is.

    Raises:
        InputError: or one of its kinds: a scan is no head CT, or the two cannot be compared.
    """
    from ICHSegmentationLib.comparison import compare as compare_scans

    take_apart(scene, second)
    first_ct, first_mask = _scan_and_mask(first, first_segmentation)
    comparison = compare_scans(first_ct, first_mask, *_scan_and_mask(second, second_segmentation))
    if comparison.registration.trusted:
        lay_over(scene, second, [second_segmentation], comparison.registration.second_to_first)
    return comparison


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


def take_apart(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Put a scan that :func:`lay_over` moved back where it was acquired; others that moved with it too."""
    node = _laid_over(scene, scan)
    if node is None:
        return
    parent = node.GetParentTransformNode()
    for moved in _on(scene, node):
        moved.SetAndObserveTransformNodeID(parent.GetID() if parent is not None else None)
    scene.RemoveNode(node)


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


def _scan_and_mask(
    scan: slicer.vtkMRMLScalarVolumeNode, segmentation: slicer.vtkMRMLSegmentationNode
) -> tuple[CTVolume, Volume]:
    check_scan(scan)
    ct = ct_of(scan)
    return ct, Volume(mask_of(segmentation, scan), ct.affine)
