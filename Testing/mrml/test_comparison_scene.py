"""Two scans of one head in a real scene: compared, and laid over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from volumes import make_scan, make_tilt, make_transform

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.phantom import make_phantom

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


def test_growth_is_told_and_the_second_scan_comes_to_lie_on_the_first(scene: Any) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import compare

    phantom = make_phantom(3, "intraparenchymal", 15.0, SHAPE, SPACING)
    moved = turned()
    first = segmented(scene, phantom, phantom.ct.affine, "first", keep=300)
    second = segmented(scene, phantom, moved @ phantom.ct.affine, "second")
    result = compare(scene, *first, *second)
    voxels = int(np.count_nonzero(phantom.mask.voxels))
    assert result.total.growth_ml == pytest.approx((voxels - 300) * 22 / 1000)
    assert result.sentences[0].startswith("Hemorrhage grew from 6.6 to")
    np.testing.assert_allclose(world(second[0])[:3, :3], phantom.ct.affine[:3, :3], atol=0.06)
    middle = [45, 50, 13, 1]
    np.testing.assert_allclose(world(second[0]) @ middle, phantom.ct.affine @ middle, atol=1.0)
    assert second[1].GetParentTransformNode() is second[0].GetParentTransformNode()
    assert second[0].GetParentTransformNode().GetName() == "second on earlier scan"

    once = world(second[0])
    compare(scene, *first, *second)  # again: from where it was acquired, with one transform
    np.testing.assert_allclose(world(second[0]), once, atol=1e-3)
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


def test_something_that_is_no_head_ct_is_refused_with_a_sentence(scene: Any) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import compare

    phantom = make_phantom(3, "intraparenchymal", 15.0, SHAPE, SPACING)
    good = segmented(scene, phantom, phantom.ct.affine, "first")
    air = make_scan(scene, voxels=np.full((6, 40, 36), -1000, np.int16))
    with pytest.raises(InputError):
        compare(scene, *good, air, good[1])
