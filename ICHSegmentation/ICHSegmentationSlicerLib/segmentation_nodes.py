"""A mask as a segmentation node that lies with its scan, and the nodes a scan has already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import GridMismatchError, InputError
from ICHSegmentationLib.io.masks import labels_in

from .edited_segments import edited_labels, is_edited, keep_outlined, mark_edited
from .scan_geometry import shape_of
from .segment_voxels import SURFACE, mask_of, put_mask
from .translation import tr as _

__all__ = [
    "add_segmentation", "edited_labels", "is_edited", "mark_edited", "mask_of", "model_facts_of",
    "segmentations_of", "show",
]  # fmt: skip

SCAN_ROLE = "ICHSegmentation.Scan"
"""Of the reference from a segmentation to its scan. Slicer's own, the reference geometry, may become another
volume: a user who paints on a finer grid chooses one."""

_FACT = "ICHSegmentation.Model."


def add_segmentation(
    scene: slicer.vtkMRMLScene,
    scan: slicer.vtkMRMLScalarVolumeNode,
    mask: NDArray[np.uint8],
    model_facts: Mapping[str, Any] | None,
    replace: slicer.vtkMRMLSegmentationNode | None = None,
) -> slicer.vtkMRMLSegmentationNode:
    """A segmentation node with one segment for each label in the mask; none for an empty mask.

    It lies under the scan's parent transform and, in the subject hierarchy, beside the scan; the scan is its
    reference geometry, which DICOM export asks for.

    Args:
        mask: label values ``[D, H, W]`` on the scan's voxels.
        model_facts: plain values to keep with the node, such as the model's id, version and hash; None for a
            mask that no model made.
        replace: an earlier node to fill anew instead; what displays or measures it stays connected.
            One that was removed from the scene gives way to a new node.

    Raises:
        InputError: the scan was removed from the scene.
        GridMismatchError: the mask has another number of slices, rows or columns than the scan.
        UnknownLabelError: a value that no label has.
    """
    if scan.GetScene() is None:
        raise InputError(
            _("The scan was removed while it was segmented."), _("Load it again, choose it and segment it.")
        )
    if mask.shape != shape_of(scan):
        raise GridMismatchError(
            _("Expected a mask of {expected} voxels as the scan has, found one of {found}.").format(
                expected=" x ".join(map(str, shape_of(scan))), found=" x ".join(map(str, mask.shape))
            ),
            _("Segment this scan again."),
        )
    labels = labels_in(mask)
    if replace is not None and replace.GetScene() is not None:
        node = replace
    else:
        node = scene.AddNewNodeByClass(
            "vtkMRMLSegmentationNode", _("{scan} hemorrhage").format(scan=scan.GetName())
        )
    # No StartModify here: it would tell of added segments without saying which.
    _place_with(scan, node)
    keep_outlined(node, labels)
    put_mask(node, scan, mask, labels)
    _keep_facts(node, model_facts or {})
    return node


def segmentations_of(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode
) -> list[slicer.vtkMRMLSegmentationNode]:
    """The segmentations that :func:`add_segmentation` made of this scan, the oldest first."""
    nodes = [
        scene.GetNthNodeByClass(n, "vtkMRMLSegmentationNode")
        for n in range(scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"))
    ]
    return [node for node in nodes if node.GetNodeReferenceID(SCAN_ROLE) == scan.GetID()]


def model_facts_of(segmentation: slicer.vtkMRMLSegmentationNode) -> dict[str, str]:
    """What :func:`add_segmentation` kept with the node, as text."""
    return {
        name.removeprefix(_FACT): segmentation.GetAttribute(name)
        for name in segmentation.GetAttributeNames()
        if name.startswith(_FACT)
    }


def show(segmentation: slicer.vtkMRMLSegmentationNode, scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Outlines in the slice views, which leave the blood itself to be seen; and in 3D the surfaces, as soon
    as :func:`.segment_surfaces.make_surfaces` has made them.

    The scan is put behind it in slice views that show another volume or none.
    """
    segmentation.CreateDefaultDisplayNodes()
    display = segmentation.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DOutline(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility3D(True)
    display.SetPreferredDisplayRepresentationName2D("Binary labelmap")
    display.SetPreferredDisplayRepresentationName3D(SURFACE)
    scene = segmentation.GetScene()
    for n in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode").SetBackgroundVolumeID(scan.GetID())


def _place_with(scan: slicer.vtkMRMLScalarVolumeNode, node: slicer.vtkMRMLSegmentationNode) -> None:
    node.SetAndObserveTransformNodeID(scan.GetTransformNodeID())
    node.SetNodeReferenceID(SCAN_ROLE, scan.GetID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    hierarchy = scan.GetScene().GetSubjectHierarchyNode()
    if hierarchy is None:
        return
    scan_item = hierarchy.GetItemByDataNode(scan)
    parent = hierarchy.GetItemParent(scan_item) if scan_item else hierarchy.GetSceneItemID()
    item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(parent, node)
    hierarchy.SetItemParent(item, parent)


def _keep_facts(node: slicer.vtkMRMLSegmentationNode, facts: Mapping[str, Any]) -> None:
    for name in model_facts_of(node):
        node.RemoveAttribute(_FACT + name)
    for name, value in facts.items():
        node.SetAttribute(_FACT + name, str(value))
