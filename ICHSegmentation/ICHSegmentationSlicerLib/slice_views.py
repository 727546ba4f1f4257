"""What the slice views show: the scan in view, its window, and a place to jump to."""

from __future__ import annotations

from collections.abc import Sequence

import slicer

BRAIN_LEVEL_HU, BRAIN_WIDTH_HU = 40.0, 80.0
_FIRST_VIEW = "Red"


def scan_in_view(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The volume in the background of a slice view (red first), else the only volume there is, else None."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")
    views = [scene.GetNthNodeByClass(n, "vtkMRMLSliceCompositeNode") for n in range(count)]
    views.sort(key=lambda view: view.GetLayoutName() != _FIRST_VIEW)
    for view in views:
        volume = scene.GetNodeByID(view.GetBackgroundVolumeID()) if view.GetBackgroundVolumeID() else None
        if volume is not None and _is_scan(volume):
            return volume
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    volumes = [scene.GetNthNodeByClass(n, "vtkMRMLScalarVolumeNode") for n in range(count)]
    scans = [volume for volume in volumes if _is_scan(volume)]
    return scans[0] if len(scans) == 1 else None


def apply_brain_window(scan: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Show the scan in the brain window, unless the user has set another one.

    A window chosen by Slicer or taken from the DICOM header is not the user's.

    Returns:
        Whether the window was set.
    """
    scan.CreateDefaultDisplayNodes()
    display = scan.GetScalarVolumeDisplayNode()
    if not display.GetAutoWindowLevel() and not _is_from_header(display):
        return False
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(BRAIN_WIDTH_HU, BRAIN_LEVEL_HU)
    return True


def jump_to(scene: slicer.vtkMRMLScene, ras: Sequence[float]) -> None:
    """Move all slice views to the slices through a place (world RAS, mm), keeping their zoom."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *ras, slicer.vtkMRMLSliceNode.OffsetJumpSlice)


def _is_scan(volume: slicer.vtkMRMLVolumeNode) -> bool:
    """Whether it is a grey volume that a user would choose: no labelmap, no colours, not hidden."""
    return (
        volume.IsA("vtkMRMLScalarVolumeNode")
        and not volume.IsA("vtkMRMLLabelMapVolumeNode")
        and not volume.IsA("vtkMRMLTensorVolumeNode")
        and not volume.GetHideFromEditors()
    )


def _is_from_header(display: slicer.vtkMRMLScalarVolumeDisplayNode) -> bool:
    shown = (display.GetWindow(), display.GetLevel())
    count = display.GetNumberOfWindowLevelPresets()
    return shown in [(display.GetWindowPreset(n), display.GetLevelPreset(n)) for n in range(count)]
