"""Two scans of one head in a real scene: compared, and laid over each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heads import make_phantom
from volumes import make_scan, make_tilt, make_transform

SHAPE, SPACING = (26, 100, 90), (5.0, 2.0, 2.2)
HALF = np.array([[0, 1, 0, 9], [-1, 0, 0, -4], [0, 0, 1, 12], [0, 0, 0, 1]], float)


def world(node: Any) -> Any:
    from ICHSegmentationSlicerLib.scan_export import world_affine

    return world_affine(node)


def turned(degrees: float = 7.0, shift: tuple[float, float, float] = (6, -4, 5)) -> Any:
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = shift
    return matrix


def segmented(
    scene: Any, phantom: Any, affine: Any, name: str, parent: Any = None, keep: int | None = None
) -> Any:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, affine, phantom.ct.voxels, parent, name)
    mask = phantom.mask.voxels.copy()
    if keep is not None:
        mask[np.cumsum(mask > 0).reshape(mask.shape) > keep] = 0
    return scan, add_segmentation(scene, scan, mask, {})


def test_the_files_of_two_scans_lead_to_a_transform_that_lays_one_on_the_other(
    scene: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import lay_over, take_apart, write_mask_of
    from ICHSegmentationSlicerLib.scan_export import write_scan

    from ICHSegmentationLib.pipeline.comparison import SegmentedScan, compare_case

    phantom = make_phantom(3, "intraparenchymal", 15.0, SHAPE, SPACING)
    moved = turned()
    first = segmented(scene, phantom, phantom.ct.affine, "first", keep=300)
    second = segmented(scene, phantom, moved @ phantom.ct.affine, "second", parent=HALF)
    before = world(second[0])
    files = [
        SegmentedScan(
            write_scan(scan, tmp_path / f"{name}.nii"), write_mask_of(mask, scan, tmp_path / f"{name}.nrrd")
        )
        for (scan, mask), name in ((first, "earlier"), (second, "later"))
    ]
    compare_case(*files, tmp_path)
    told = json.loads((tmp_path / "earlier_to_later" / "comparison.json").read_text("utf-8"))
    voxels = int(np.count_nonzero(phantom.mask.voxels))
    assert told["growth_ml"] == pytest.approx((voxels - 300) * 22 / 1000)

    lay_over(scene, second[0], [second[1]], np.array(told["registration"]["second_to_first"]))
    np.testing.assert_allclose(world(second[0])[:3, :3], phantom.ct.affine[:3, :3], atol=0.06)
    middle = [45, 50, 13, 1]
    np.testing.assert_allclose(world(second[0]) @ middle, phantom.ct.affine @ middle, atol=1.0)
    assert second[1].GetParentTransformNode() is second[0].GetParentTransformNode()
    assert second[0].GetParentTransformNode().GetName() == "second on earlier scan"

    assert take_apart(scene, second[0])
    assert not take_apart(scene, second[0])
    np.testing.assert_allclose(world(second[0]), before, atol=1e-6)


def test_a_scan_laid_over_twice_has_one_transform(scene: Any) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import lay_over

    scan = make_scan(scene)
    before = world(scan)
    for _ in range(2):
        lay_over(scene, scan, [], turned())
        np.testing.assert_allclose(world(scan), turned() @ before, atol=1e-6)
    assert scene.GetNumberOfNodesByClass("vtkMRMLLinearTransformNode") == 1


def test_a_scan_moves_in_the_world_whatever_it_hangs_on_and_the_other_stays(scene: Any) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import lay_over, take_apart

    shared = make_transform(scene, HALF)
    first, second = make_scan(scene, parent=shared), make_scan(scene, parent=shared)
    before = world(second)
    lay_over(scene, second, [], turned())
    np.testing.assert_allclose(world(second), turned() @ before, atol=1e-6)
    np.testing.assert_allclose(world(first), before, atol=1e-6)
    take_apart(scene, second)
    np.testing.assert_allclose(world(second), before, atol=1e-6)
    assert second.GetParentTransformNode() is shared


def test_a_tilted_scans_own_transform_is_kept(scene: Any) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import lay_over, take_apart

    scan = make_scan(scene)
    tilt = make_tilt(
        scene,
        np.array([[-0.5, 0, 0, 9], [0, -0.5, 0, 10], [0, 0, 5, 0], [0, 0, 0, 1]]),
        (6, 40, 36),
        (0, 1, 0),
    )
    scan.SetAndObserveTransformNodeID(tilt.GetID())
    before = world(scan)
    lay_over(scene, scan, [], turned())
    np.testing.assert_allclose(world(scan), turned() @ before, atol=1e-2)
    assert scan.GetParentTransformNode() is tilt
    take_apart(scene, scan)
    np.testing.assert_allclose(world(scan), before, atol=1e-3)
