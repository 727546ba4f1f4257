"""A map of a run as a colour wash over the slices, which can be switched on and off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import slicer

from ICHSegmentationLib.errors import GridMismatchError

from .byte_image import read_bytes
from .scan_geometry import shape_of
from .translation import tr as _

OPACITY = 0.6


@dataclass(frozen=True)
class Kind:
    """What a map shows; values run from 0 to 100.

    Attributes:
        role: name of the node reference from the map to its scan.
        least_shown: values below it stay clear.
        colours: ids of colour tables, the first that is there is taken.
    """

    role: str
    least_shown: int
    colours: tuple[str, ...]


UNCERTAINTY = Kind(
    "ICHSegmentation.UncertaintyOf",
    20,  # where the probability lies between 10 % and 90 %
    ("vtkMRMLColorTableNodeFileColdToHotRainbow.txt", "vtkMRMLColorTableNodeWarm1"),
)
HEAT = Kind(
    "ICHSegmentation.HeatOf",
    30,  # a network's marks are soft; below this they lie over half of the brain
    ("vtkMRMLColorTableNodeFileInferno.txt", "vtkMRMLColorTableNodeIron"),
)
KINDS = (UNCERTAINTY, HEAT)

_SHOWN = "ICHSegmentation.MapShows"


def add_overlay(
    scene: slicer.vtkMRMLScene,
    scan: slicer.vtkMRMLScalarVolumeNode,
    path: Path,
    kind: Kind = UNCERTAINTY,
    shows: str = "",
) -> slicer.vtkMRMLScalarVolumeNode:
    """The map of a run as a volume on the scan's own grid and transform, not yet shown.

    An earlier map of the same kind and scan is filled anew.

    Args:
        path: ``uncertainty.nii.gz`` or ``heatmap_<class>.nii.gz`` of a run on this scan.
        shows: the class of a heat map, kept with the node, see :func:`shown_by`.

    Raises:
        NotAnImageError: the file is damaged or something else.
        GridMismatchError: it is the map of another scan.
    """
    voxels = read_bytes(path)
    if voxels.shape != shape_of(scan):
        raise GridMismatchError(
            _("Expected a map of {expected} voxels, found one of {found}.").format(
                expected=shape_of(scan), found=voxels.shape
            ),
            _("Segment the scan again."),
        )
    overlay = overlay_of(scene, scan, kind)
    if overlay is None:
        name = _("{scan} detector heat") if kind is HEAT else _("{scan} uncertainty")
        overlay = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name.format(scan=scan.GetName()))
        overlay.SetNodeReferenceID(kind.role, scan.GetID())
    overlay.SetAttribute(_SHOWN, shows)
    _place_on(overlay, scan)
    slicer.util.updateVolumeFromArray(overlay, voxels)
    overlay.SetHideFromEditors(True)  # nobody should segment it
    _colour(scene, overlay, kind)
    return overlay


def shown_by(overlay: slicer.vtkMRMLScalarVolumeNode) -> str:
    """The class that a heat map is of; empty for other maps."""
    return str(overlay.GetAttribute(_SHOWN) or "")


def overlay_of(
    scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode, kind: Kind = UNCERTAINTY
) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The map of this kind and scan that is in the scene, or None; also in a scene that was loaded."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    volumes = [scene.GetNthNodeByClass(n, "vtkMRMLScalarVolumeNode") for n in range(count)]
    return next((v for v in volumes if v.GetNodeReference(kind.role) is scan), None)


def remove_overlays(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Take every map of this scan out of the views and the scene."""
    for kind in KINDS:
        overlay = overlay_of(scene, scan, kind)
        if overlay is not None:
            set_visible(overlay, False)
            scene.RemoveNode(overlay)


def set_visible(overlay: slicer.vtkMRMLScalarVolumeNode, visible: bool) -> None:
    """Lay the map over every slice view that shows its scan, or take it away where it lies."""
    scene = overlay.GetScene()
    scans = {scan for kind in KINDS if (scan := overlay.GetNodeReferenceID(kind.role))}
    for n in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        view = scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode")
        if visible and view.GetBackgroundVolumeID() in scans:
            view.SetForegroundVolumeID(overlay.GetID())
            view.SetForegroundOpacity(OPACITY)
        elif not visible and view.GetForegroundVolumeID() == overlay.GetID():
            view.SetForegroundVolumeID(None)
            view.SetForegroundOpacity(0.0)


def follow_scan(scene: slicer.vtkMRMLScene, scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Put the scan's maps where it lies now: nobody else can move them, as they are hidden from editors."""
    for kind in KINDS:
        overlay = overlay_of(scene, scan, kind)
        if overlay is not None:
            _place_on(overlay, scan)


def is_visible(overlay: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Whether a slice view shows the map."""
    scene = overlay.GetScene()
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")
    views = [scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode") for n in range(count)]
    return any(view.GetForegroundVolumeID() == overlay.GetID() for view in views)


def _place_on(overlay: slicer.vtkMRMLScalarVolumeNode, scan: slicer.vtkMRMLScalarVolumeNode) -> None:
    overlay.CopyOrientation(scan)
    overlay.SetAndObserveTransformNodeID(scan.GetTransformNodeID())


def _colour(scene: slicer.vtkMRMLScene, overlay: slicer.vtkMRMLScalarVolumeNode, kind: Kind) -> None:
    """The kind's colours from the least value that is shown to 100; nothing below."""
    overlay.CreateDefaultDisplayNodes()
    display = overlay.GetScalarVolumeDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0, 100)
    display.SetThreshold(kind.least_shown, 100)
    display.SetApplyThreshold(True)
    colours = next((c for c in kind.colours if scene.GetNodeByID(c) is not None), None)
    if colours is not None:
        display.SetAndObserveColorNodeID(colours)
