"""The model's uncertainty as a colour wash over the slices, which can be switched on and off."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import GridMismatchError, NotAnImageError

from .scan_geometry import shape_of
from .translation import tr as _

LEAST_SHOWN = 20
"""Of 100: where the probability lies between 10 % and 90 %."""

OPACITY = 0.6

_ROLE = "ICHSegmentation.UncertaintyOf"  # node reference from the map to its scan
_COLOURS = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt", "vtkMRMLColorTableNodeWarm1"
_DIMENSIONS, _DATATYPE, _OFFSET = 40, 70, 108  # bytes of a NIfTI-1 header
_UINT8 = 2


def add_overlay(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode, path: Path
) -> slicer.vtkMRMLScalarVolumeNode:
    """The map of a run as a volume on the scan's own grid and transform, not yet shown.

    An earlier map of the same scan is filled anew.

    Args:
        path: ``uncertainty.nii.gz`` of a run on this scan.

    Raises:
        NotAnImageError: the file is damaged or something else.
        GridMismatchError: it is the map of another scan.
    """
    voxels = _read(path)
    if voxels.shape != shape_of(scan):
        raise GridMismatchError(
            _("Expected a map of {expected} voxels, found one of {found}.").format(
                expected=shape_of(scan), found=voxels.shape
            ),
            _("Segment the scan again."),
        )
    overlay = overlay_of(scene, scan)
    if overlay is None:
        name = _("{scan} uncertainty").format(scan=scan.GetName())
        overlay = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        overlay.SetNodeReferenceID(_ROLE, scan.GetID())
    overlay.CopyOrientation(scan)
    overlay.SetAndObserveTransformNodeID(scan.GetTransformNodeID())
    slicer.util.updateVolumeFromArray(overlay, voxels)
    overlay.SetHideFromEditors(True)  # nobody should segment it
    _colour(scene, overlay)
    return overlay


def overlay_of(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode
) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The map of this scan that is in the scene, or None; also after the scene was saved and loaded."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    volumes = [scene.GetNthNodeByClass(n, "vtkMRMLScalarVolumeNode") for n in range(count)]
    return next((v for v in volumes if v.GetNodeReference(_ROLE) is scan), None)


def set_visible(overlay: slicer.vtkMRMLScalarVolumeNode, visible: bool) -> None:
    """Lay the map over every slice view that shows its scan, or take it away where it lies."""
    scene, scan = overlay.GetScene(), overlay.GetNodeReference(_ROLE)
    for n in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        view = scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode")
        if visible and view.GetBackgroundVolumeID() == scan.GetID():
            view.SetForegroundVolumeID(overlay.GetID())
            view.SetForegroundOpacity(OPACITY)
        elif not visible and view.GetForegroundVolumeID() == overlay.GetID():
            view.SetForegroundVolumeID(None)
            view.SetForegroundOpacity(0.0)


def is_visible(overlay: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Whether a slice view shows the map."""
    scene = overlay.GetScene()
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")
    views = [scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode") for n in range(count)]
    return any(view.GetForegroundVolumeID() == overlay.GetID() for view in views)


def _colour(scene: slicer.vtkMRMLScene, overlay: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Warm colours from 20 to 100; nothing below."""
    overlay.CreateDefaultDisplayNodes()
    display = overlay.GetScalarVolumeDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0, 100)
    display.SetThreshold(LEAST_SHOWN, 100)
    display.SetApplyThreshold(True)
    colours = next((c for c in _COLOURS if scene.GetNodeByID(c) is not None), None)
    if colours is not None:
        display.SetAndObserveColorNodeID(colours)


def _read(path: Path) -> NDArray[np.uint8]:
    """``[D, H, W]`` of a map; its place is the scan's. Slicer brings no nibabel, and ITK refuses shear."""
    try:
        content = gzip.decompress(path.read_bytes())
        columns, rows, slices = struct.unpack_from("=3h", content, _DIMENSIONS + 2)
        (datatype,) = struct.unpack_from("=h", content, _DATATYPE)
        (offset,) = struct.unpack_from("=f", content, _OFFSET)
        voxels = np.frombuffer(content, np.uint8, offset=int(offset))
        if datatype != _UINT8:
            raise ValueError("not of bytes")
        return voxels.reshape(slices, rows, columns)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise NotAnImageError(
            _("Expected a map of uncertainty in {name}, found something else ({reason}).").format(
                name=path.name, reason=error
            ),
            _("Segment the scan again."),
        ) from error
