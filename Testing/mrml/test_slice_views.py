"""What the slice views show when a scan is chosen and when a place is clicked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from volumes import make_scan


def add_view(scene: Any, name: str, scan: Any = None) -> Any:
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", name)
    composite.SetLayoutName(name)
    if scan is not None:
        composite.SetBackgroundVolumeID(scan.GetID())
    return composite


def test_the_scan_in_the_red_view_comes_first(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import scan_in_view

    first, second = make_scan(scene), make_scan(scene)
    add_view(scene, "Green", first)
    red = add_view(scene, "Red", second)
    assert scan_in_view(scene) is second
    red.SetBackgroundVolumeID(None)
    assert scan_in_view(scene) is first


def test_without_a_view_the_only_scan_is_taken_but_not_one_of_two(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import scan_in_view

    assert scan_in_view(scene) is None
    add_view(scene, "Red")
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    only = make_scan(scene)
    assert scan_in_view(scene) is only
    make_scan(scene)
    assert scan_in_view(scene) is None


def test_a_labelmap_in_view_is_no_scan(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import scan_in_view

    add_view(scene, "Red", scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode"))
    assert scan_in_view(scene) is None


def window_of(scan: Any) -> tuple[float, float]:
    display = scan.GetScalarVolumeDisplayNode()
    return display.GetWindow(), display.GetLevel()


def test_the_brain_window_replaces_the_automatic_one(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import apply_brain_window

    scan = make_scan(scene)
    assert apply_brain_window(scan)
    assert window_of(scan) == (80, 40)
    assert not scan.GetScalarVolumeDisplayNode().GetAutoWindowLevel()


def test_the_brain_window_replaces_the_one_of_the_dicom_header(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import apply_brain_window

    scan = make_scan(scene)
    display = scan.GetScalarVolumeDisplayNode()
    display.AddWindowLevelPreset(2000, 500)
    display.AddWindowLevelPreset(100, 35)
    display.SetWindowLevelFromPreset(1)
    assert window_of(scan) == (100, 35)
    assert apply_brain_window(scan)
    assert window_of(scan) == (80, 40)


def test_a_window_that_the_user_has_set_stays(scene: Any) -> None:
    from ICHSegmentationSlicerLib.slice_views import apply_brain_window

    scan = make_scan(scene)
    display = scan.GetScalarVolumeDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(150, 60)
    assert not apply_brain_window(scan)
    assert window_of(scan) == (150, 60)


@pytest.mark.parametrize("orientation", ["Axial", "Sagittal", "Coronal"])
def test_every_slice_view_jumps_to_the_place_and_keeps_its_zoom(scene: Any, orientation: str) -> None:
    from ICHSegmentationSlicerLib.slice_views import jump_to

    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", orientation)
    view.SetLayoutName(orientation)
    view.SetOrientation(orientation)
    before = view.GetFieldOfView()
    jump_to(scene, [12.5, -30.25, 41.0])
    axis = {"Sagittal": 0, "Coronal": 1, "Axial": 2}[orientation]
    assert view.GetSliceToRAS().GetElement(axis, 3) == pytest.approx([12.5, -30.25, 41.0][axis])
    np.testing.assert_allclose(view.GetFieldOfView(), before)
