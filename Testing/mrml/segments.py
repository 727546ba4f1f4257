"""What tests ask of a segmentation node."""

from __future__ import annotations

from typing import Any

import numpy as np

FACTS = {"id": "cascade", "version": "1.2", "sha256": "ab:cd; ef|gh", "note": "schön & gut"}
"""What a node keeps of the model that outlined it; with letters that a file must not mangle."""


def segment_of(node: Any, name: str) -> Any:
    return node.GetSegmentation().GetSegment(name)


def names(node: Any) -> list[str]:
    return list(node.GetSegmentation().GetSegmentIDs())


def as_slicer_exports(scene: Any, node: Any, scan: Any, segment: str) -> np.ndarray:
    """Where Slicer's own export to a labelmap on the scan says that a segment is, bool ``[D, H, W]``."""
    import slicer
    import vtk

    labelmap = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    chosen = vtk.vtkStringArray()
    chosen.InsertNextValue(segment)
    export = slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode
    assert export(node, chosen, labelmap, scan)
    voxels = slicer.util.arrayFromVolume(labelmap) != 0
    scene.RemoveNode(labelmap)
    return voxels


def centre_of_surface(node: Any, segment: str) -> np.ndarray:
    """Middle of the box around a segment's closed surface, world RAS."""
    import vtk

    surface = vtk.vtkPolyData()
    node.CreateClosedSurfaceRepresentation()
    node.GetClosedSurfaceRepresentation(segment, surface)
    to_world = vtk.vtkGeneralTransform()
    if node.GetParentTransformNode():
        node.GetParentTransformNode().GetTransformToWorld(to_world)
    points = np.array(
        [to_world.TransformPoint(surface.GetPoint(n)) for n in range(surface.GetNumberOfPoints())]
    )
    return (points.min(axis=0) + points.max(axis=0)) / 2


def paint(node: Any, scan: Any, segment: str, box: tuple[slice, slice, slice], over: Any = ()) -> None:
    """What a brush of the Segment Editor does in the end: fill a box of slices, rows and columns.

    Args:
        over: ids of the segments that it paints over.
    """
    import slicer
    import vtk

    k, j, i = box
    image = slicer.vtkOrientedImageData()
    image.SetExtent(i.start, i.stop - 1, j.start, j.stop - 1, k.start, k.stop - 1)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    image.SetImageToWorldMatrix(matrix)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    extent = image.GetExtent()
    assert logic.SetBinaryLabelmapToSegment(
        image, node, segment, logic.MODE_MERGE_MASK, extent, False, list(over)
    )
