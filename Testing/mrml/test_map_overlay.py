"""Maps of uncertainty, and of what a detector looked at, in a real scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_slice_views import add_view
from volumes import head_voxels, load_bundle, make_scan, make_transform, save_bundle

from ICHSegmentationLib.errors import GridMismatchError, NotAnImageError
from ICHSegmentationLib.volume import CTVolume, Volume


def a_map() -> Any:
    voxels = np.zeros(head_voxels().shape, np.uint8)
    voxels[3, 10:14, 20] = 60, 70, 80, 100
    return voxels


def write_map(path: Path, voxels: Any, affine: Any) -> Path:
    """As a run writes it."""
    from ICHSegmentationLib.io import write_uncertainty

    write_uncertainty(Volume(voxels, affine), path, CTVolume(voxels, affine))
    return path


def overlaid(scene: Any, scan: Any, folder: Path) -> Any:
    from ICHSegmentationSlicerLib.map_overlay import add_overlay
    from ICHSegmentationSlicerLib.scan_export import world_affine

    return add_overlay(scene, scan, write_map(folder / "uncertainty.nii.gz", a_map(), world_affine(scan)))


@pytest.mark.parametrize("parent", [None, "turned", "sheared"])
def test_every_voxel_of_the_map_lies_on_its_voxel_of_the_scan(
    scene: Any, tmp_path: Path, parent: Any
) -> None:
    import slicer
    from ICHSegmentationSlicerLib.scan_export import world_affine

    matrix = np.eye(4)
    if parent == "turned":
        matrix[:3] = [[0, 1, 0, 5], [-1, 0, 0, 6], [0, 0, 1, 7]]
    if parent == "sheared":
        matrix[1, 2] = 0.3
    scan = make_scan(scene, parent=make_transform(scene, matrix) if parent else None)
    overlay = overlaid(scene, scan, tmp_path)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(overlay), a_map())
    np.testing.assert_allclose(world_affine(overlay), world_affine(scan), atol=1e-6)


def test_only_what_is_unsure_is_coloured(scene: Any, tmp_path: Path) -> None:
    display = overlaid(scene, make_scan(scene), tmp_path).GetScalarVolumeDisplayNode()
    assert display.GetApplyThreshold()
    assert (display.GetLowerThreshold(), display.GetUpperThreshold()) == (20, 100)
    assert display.GetColorNodeID()


def test_it_is_switched_on_over_its_scan_and_off_again(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.map_overlay import is_visible, set_visible

    scan, other = make_scan(scene), make_scan(scene)
    red, green = add_view(scene, "Red", scan), add_view(scene, "Green", other)
    empty = add_view(scene, "Yellow")
    overlay = overlaid(scene, scan, tmp_path)
    assert not is_visible(overlay)
    set_visible(overlay, True)
    assert is_visible(overlay)
    assert red.GetForegroundVolumeID() == overlay.GetID()
    assert red.GetForegroundOpacity() > 0.3
    assert not green.GetForegroundVolumeID()
    assert not empty.GetForegroundVolumeID()
    set_visible(overlay, False)
    assert not is_visible(overlay)
    assert red.GetBackgroundVolumeID() == scan.GetID()


def test_switching_off_leaves_another_foreground_alone(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.map_overlay import set_visible

    scan, other = make_scan(scene), make_scan(scene)
    red = add_view(scene, "Red", scan)
    overlay = overlaid(scene, scan, tmp_path)
    red.SetForegroundVolumeID(other.GetID())
    set_visible(overlay, False)
    assert red.GetForegroundVolumeID() == other.GetID()


def test_a_second_run_fills_the_same_map(scene: Any, tmp_path: Path) -> None:
    scan = make_scan(scene)
    assert overlaid(scene, scan, tmp_path) is overlaid(scene, scan, tmp_path)


def test_the_map_is_found_again_after_the_scene_was_saved_and_loaded(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.map_overlay import overlay_of

    overlaid(scene, make_scan(scene, name="CT"), tmp_path)
    load_bundle(scene, save_bundle(scene, tmp_path / "saved" / "case.mrb"))
    scan = scene.GetFirstNodeByName("CT")
    assert overlay_of(scene, scan).GetName() == "CT uncertainty"
    assert overlay_of(scene, make_scan(scene)) is None


def test_the_map_is_never_taken_for_a_scan(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.slice_views import scan_in_view

    scan = make_scan(scene)
    overlaid(scene, scan, tmp_path)
    assert scan_in_view(scene) is scan


def test_a_map_of_another_scan_is_refused(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.map_overlay import add_overlay

    path = write_map(tmp_path / "uncertainty.nii.gz", np.zeros((4, 5, 6), np.uint8), np.eye(4))
    with pytest.raises(GridMismatchError):
        add_overlay(scene, make_scan(scene), path)


def test_a_damaged_map_is_refused_with_a_sentence(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.map_overlay import add_overlay

    path = tmp_path / "uncertainty.nii.gz"
    path.write_bytes(b"no map")
    with pytest.raises(NotAnImageError, match=r"uncertainty\.nii\.gz"):
        add_overlay(scene, make_scan(scene), path)


def test_heat_and_uncertainty_are_maps_of_their_own_one_over_the_slices_at_a_time(
    scene: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.map_overlay import (
        HEAT,
        add_overlay,
        is_visible,
        overlay_of,
        set_visible,
        shown_by,
    )
    from ICHSegmentationSlicerLib.scan_export import world_affine

    scan = make_scan(scene)
    add_view(scene, "Red", scan)
    unsure = overlaid(scene, scan, tmp_path)
    path = write_map(tmp_path / "heatmap_subdural.nii.gz", a_map(), world_affine(scan))
    heat = add_overlay(scene, scan, path, HEAT, "subdural")
    assert overlay_of(scene, scan, HEAT) is heat
    assert overlay_of(scene, scan) is unsure
    assert (shown_by(heat), shown_by(unsure)) == ("subdural", "")
    colours = [each.GetScalarVolumeDisplayNode().GetColorNodeID() for each in (heat, unsure)]
    assert colours[0] != colours[1]
    assert heat.GetScalarVolumeDisplayNode().GetLowerThreshold() == 30
    set_visible(unsure, True)
    set_visible(heat, True)
    assert (is_visible(heat), is_visible(unsure)) == (True, False)
