"""The surfaces of the 3D view, made one at a time: where the segments are, and with how many points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS
from volumes import make_scan

SHAPE = (20, 160, 150)
SURFACE = "Closed surface"


def ball(radii: tuple[float, ...], centre: tuple[float, ...] = (10, 80, 75)) -> np.ndarray:
    parts = zip(np.ogrid[tuple(slice(n) for n in SHAPE)], centre, radii, strict=True)
    return sum(((axis - middle) / radius) ** 2 for axis, middle, radius in parts) <= 1


def large_shell_and_small_ball() -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    mask[ball((9, 75, 70)) & ~ball((8, 67, 62))] = 5
    mask[ball((3, 20, 20))] = 2
    return mask


@pytest.fixture(params=["plain", "oblique"])
def both(request: pytest.FixtureRequest, scene: Any) -> tuple[Any, Any]:
    """The same mask twice: with the surfaces made here, and with those that Slicer makes by itself."""
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = PLACEMENTS[request.param].scan(scene, np.zeros(SHAPE, np.int16))
    ours, slicers = (add_segmentation(scene, scan, large_shell_and_small_ball(), None) for _ in range(2))
    list(make_surfaces(ours))
    slicers.CreateClosedSurfaceRepresentation()
    return ours, slicers


def surface_of(node: Any, name: str) -> Any:
    return node.GetSegmentation().GetSegment(name).GetRepresentation(SURFACE)


def volume_of(surface: Any) -> float:
    import vtk

    triangles = vtk.vtkTriangleFilter()
    triangles.SetInputData(surface)
    properties = vtk.vtkMassProperties()
    properties.SetInputConnection(triangles.GetOutputPort())
    return properties.GetVolume()


def test_a_small_segment_has_the_surface_that_slicer_makes(both: tuple[Any, Any]) -> None:
    one, other = (surface_of(node, "intraparenchymal") for node in both)
    assert one.GetNumberOfPoints() == other.GetNumberOfPoints()
    np.testing.assert_allclose(one.GetBounds(), other.GetBounds(), atol=1e-3)
    assert volume_of(one) == pytest.approx(volume_of(other), rel=1e-4)


def test_a_large_shell_has_fewer_points_at_the_same_place_and_no_less_volume(both: tuple[Any, Any]) -> None:
    one, other = (surface_of(node, "subdural") for node in both)
    assert one.GetNumberOfPoints() < other.GetNumberOfPoints() / 2
    np.testing.assert_allclose(one.GetBounds(), other.GetBounds(), atol=2.5)  # half a slice
    assert volume_of(one) == pytest.approx(volume_of(other), rel=0.1)


def test_surfaces_come_one_after_the_other_and_the_views_hear_of_them_at_the_end(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    node = add_segmentation(scene, scan, large_shell_and_small_ball(), None)
    told: list[int] = []
    event = slicer.vtkSegmentation.ContainedRepresentationNamesModified
    node.GetSegmentation().AddObserver(event, lambda *_: told.append(1))
    made = []
    for _step in make_surfaces(node):
        assert not told
        names = node.GetSegmentation().GetSegmentIDs()
        made.append(sum(surface_of(node, name) is not None for name in names))
    assert sorted(set(made)) == [0, 1, 2]
    assert made == sorted(made)
    assert told


def test_a_surface_made_in_slabs_is_the_one_made_at_once(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import vtk
    from ICHSegmentationSlicerLib import slab_surface

    monkeypatch.setattr(slab_surface, "FACES_A_SLAB", 10**9)
    scan = PLACEMENTS["oblique"].scan(scene, np.zeros(SHAPE, np.int16))
    whole = surface_of(with_surfaces(scene, scan), "subdural")
    monkeypatch.setattr(slab_surface, "FACES_A_SLAB", 8000)
    node = with_surfaces(scene, scan)
    slabs = surface_of(node, "subdural")
    assert slabs.GetNumberOfPoints() > whole.GetNumberOfPoints()  # those at the cuts
    for one, other in ((whole, slabs), (slabs, whole)):
        distance = vtk.vtkImplicitPolyDataDistance()
        distance.SetInput(one)
        points = [other.GetPoint(n) for n in range(0, other.GetNumberOfPoints(), 20)]
        apart = np.abs([distance.EvaluateFunction(point) for point in points])
        assert apart.mean() < 0.05  # mm, of blocks of 1 x 1 x 5 mm
        assert apart.max() < 0.5
    assert volume_of(slabs) == pytest.approx(volume_of(whole), rel=0.02)


def test_a_segment_that_is_edited_meanwhile_gets_the_surface_of_what_it_is_then(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    node = add_segmentation(scene, scan, ball((3, 20, 20)).astype(np.uint8) * 2, None)
    steps = make_surfaces(node)
    next(steps)
    next(steps)
    smaller = ball((3, 10, 20)).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(smaller, node, "intraparenchymal", scan)
    list(steps)
    left, right, back, front, _low, _high = surface_of(node, "intraparenchymal").GetBounds()
    assert (right - left) / (front - back) == pytest.approx(2, rel=0.1)


def with_surfaces(scene: Any, scan: Any) -> Any:
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    node = add_segmentation(scene, scan, large_shell_and_small_ball(), None)
    list(make_surfaces(node))
    return node


def test_a_surface_follows_an_edit_as_slicers_own_does(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    node = add_segmentation(scene, scan, large_shell_and_small_ball(), None)
    list(make_surfaces(node))
    smaller = ball((3, 10, 20)).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(smaller, node, "intraparenchymal", scan)
    node.CreateClosedSurfaceRepresentation()  # as the Segment Editor does after a stroke
    left, right, back, front, _low, _high = surface_of(node, "intraparenchymal").GetBounds()
    assert (right - left) / (front - back) == pytest.approx(2, rel=0.1)


def test_an_empty_segment_has_no_surface_and_stops_nothing(scene: Any) -> None:
    from ICHSegmentationSlicerLib.segment_surfaces import make_surfaces
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    scan = make_scan(scene, voxels=np.zeros(SHAPE, np.int16))
    node = add_segmentation(scene, scan, ball((3, 20, 20)).astype(np.uint8) * 4, None)
    node.GetSegmentation().AddEmptySegment("subdural", "Subdural hemorrhage")
    list(make_surfaces(node))
    assert surface_of(node, "subarachnoid").GetNumberOfPoints() > 0
