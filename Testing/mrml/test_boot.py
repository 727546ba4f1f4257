"""What the other tests of this folder stand on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from volumes import head_voxels, load_bundle, make_scan, make_tilt, plain_affine, save_bundle


def test_a_scan_lies_where_its_affine_puts_it(scene: Any) -> None:
    scan = make_scan(scene)
    bounds = [0.0] * 6
    scan.GetRASBounds(bounds)
    np.testing.assert_allclose(bounds, [-8.75, 9.25, -9.75, 10.25, -2.5, 27.5])


def test_a_scan_holds_its_voxels_as_slices_rows_and_columns(scene: Any) -> None:
    import slicer

    scan = make_scan(scene)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), head_voxels())
    assert scan.GetImageData().GetDimensions() == (36, 40, 6)


def test_a_tilt_moves_each_slice_by_its_own_step(scene: Any) -> None:
    affine = plain_affine()
    tilt = make_tilt(scene, affine, (6, 40, 36), [0.0, 1.5, 0.0])
    transform = tilt.GetTransformToParent()
    point = affine @ [30, 4, 3, 1]
    np.testing.assert_allclose(
        transform.TransformPoint(point[:3]), point[:3] + np.array([0, 4.5, 0]), atol=1e-6
    )


def test_a_sheared_affine_is_refused_by_a_volume_node(scene: Any) -> None:
    affine = plain_affine()
    affine[1, 2] = 1.5
    with pytest.raises(ValueError, match="shear"):
        make_scan(scene, affine=affine)


def test_a_scene_comes_back_from_a_bundle(scene: Any, tmp_path: Path) -> None:
    import slicer

    make_scan(scene, name="Head")
    bundle = save_bundle(scene, tmp_path / "scene.mrb")
    load_bundle(scene, bundle)
    (scan,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert scan.GetName() == "Head"
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), head_voxels())


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_has_a_scene_of_its_own(scene: Any, run: int) -> None:
    import slicer

    assert slicer.mrmlScene is scene
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    make_scan(scene)
