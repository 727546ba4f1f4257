"""Tada lines in the scene, on scans that lie in every way; truth is a painted ellipsoid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, Placement, rotation
from volumes import load_bundle, make_scan, make_transform, save_bundle

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

A, B, C = 38.0, 22.0, 30.0  # mm; A and B in the slices, C across them
CLASS = "vtkMRMLMarkupsLineNode"


def slice_column(affine: np.ndarray) -> int:
    """Which column of an affine runs through the axial slices."""
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return int(np.abs(unit[2]).argmax())


def frame(affine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors: two at right angles in the slices, turned by 30 degrees, and the slices' normal."""
    first, second = (affine[:3, n] for n in range(3) if n != slice_column(affine))
    x = first / np.linalg.norm(first)
    normal = np.cross(first, second) / np.linalg.norm(np.cross(first, second))
    y = np.cross(normal, x)
    angle = math.radians(30)
    return x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle), normal


def ellipsoid(affine: np.ndarray, label: int = 2) -> np.ndarray:
    """``[D, H, W]``: the ellipsoid in the middle of a scan with this world affine."""
    shape = [math.ceil(56 / mm) for mm in np.linalg.norm(affine[:3, :3], axis=0)[::-1]]
    k, j, i = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij", sparse=True)
    level = 0.0
    for direction, diameter in zip(frame(affine), (A, B, C), strict=True):
        step = direction @ affine[:3, :3]
        level = level + ((i * step[0] + j * step[1] + k * step[2]) / (diameter / 2)) ** 2
    return (level <= 1).astype(np.uint8) * label


def measured(mask: np.ndarray, affine: np.ndarray) -> dict[str, Any]:
    return measure(Volume(mask, affine)).to_dict()


@pytest.fixture
def plain(scene: Any) -> tuple[Any, dict[str, Any]]:
    """A scan and its one lesion."""
    placement = PLACEMENTS["plain"]
    mask = ellipsoid(placement.world)
    scan = placement.scan(scene, np.zeros(mask.shape, np.int16))
    return scan, measured(mask, placement.world)["lesions"][0]


@pytest.fixture
def lines(scene: Any, plain: tuple[Any, dict[str, Any]]) -> Any:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines

    return add_tada_lines(scene, *plain)


def ends(node: Any) -> np.ndarray:
    place = [0.0, 0.0, 0.0]
    found = []
    for n in range(node.GetNumberOfControlPoints()):
        node.GetNthControlPointPositionWorld(n, place)
        found.append(list(place))
    return np.array(found)


def drag(node: Any, end: int, to: np.ndarray) -> None:
    node.SetNthControlPointPositionWorld(end, *to)


def test_each_line_bears_its_letter_at_one_end_and_no_text_where_a_and_b_cross(lines: Any) -> None:
    for letter, node in lines.nodes.items():
        assert [node.GetNthControlPointLabel(n) for n in range(2)] == [letter, ""]
        assert node.GetDisplayNode().GetPointLabelsVisibility()
        assert not node.GetDisplayNode().GetPropertiesLabelVisibility()


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_the_lines_have_the_lengths_and_directions_of_the_painted_ellipsoid(
    scene: Any, placement: Placement
) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines
    from ICHSegmentationSlicerLib.scan_geometry import world_affine

    mask = ellipsoid(placement.world)
    scan = placement.scan(scene, np.zeros(mask.shape, np.int16))
    lesion = measured(mask, world_affine(scan))["lesions"][0]
    lines = add_tada_lines(scene, scan, lesion)

    thickness = abs(frame(placement.world)[2] @ placement.world[:3, slice_column(placement.world)])
    for letter, true, direction, tolerance in zip(
        "ABC", (A, B, C), frame(placement.world), (1.2, 1.2, thickness + 1e-6), strict=True
    ):
        span = np.diff(ends(lines.nodes[letter]), axis=0)[0]
        assert np.linalg.norm(span) == pytest.approx(true, abs=tolerance)
        assert abs(span @ direction) / np.linalg.norm(span) > 0.99
    slices = lines.lengths_mm["C"] / thickness
    assert slices == pytest.approx(round(slices), abs=1e-4)
    assert lines.volume_ml == pytest.approx(lesion["tada"]["volume_ml"], rel=1e-6)


@pytest.mark.parametrize("placement", PLACEMENTS.values(), ids=PLACEMENTS)
def test_a_and_b_lie_on_the_slice_of_largest_area_and_c_spans_the_lesion(
    scene: Any, placement: Placement
) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines

    mask = ellipsoid(placement.world)
    scan = placement.scan(scene, np.zeros(mask.shape, np.int16))
    lines = add_tada_lines(scene, scan, measured(mask, placement.world)["lesions"][0])
    column = slice_column(placement.world)
    areas = np.count_nonzero(mask, axis=tuple(axis for axis in range(3) if axis != 2 - column))

    def slices_of(letter: str) -> np.ndarray:
        places = np.column_stack([ends(lines.nodes[letter]), np.ones(2)])
        return (places @ np.linalg.inv(placement.world).T)[:, column]

    for letter in "AB":
        at = slices_of(letter)
        assert at == pytest.approx(np.round(at), abs=1e-3)
        assert (areas[np.round(at).astype(int)] == areas.max()).all()
    filled = np.flatnonzero(areas)
    assert sorted(slices_of("C")) == pytest.approx([filled[0] - 0.5, filled[-1] + 0.5], abs=1e-3)
    assert lines.nodes["A"].GetTransformNodeID() == scan.GetTransformNodeID()


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_the_volume_follows_a_line_that_is_dragged(lines: Any, letter: str) -> None:
    told = []
    before = lines.volume_ml
    lines.observe(lambda: told.append(lines.volume_ml))
    first, second = ends(lines.nodes[letter])
    drag(lines.nodes[letter], 1, first + 1.5 * (second - first))
    assert told
    assert told[-1] == pytest.approx(1.5 * before)


def test_the_volume_is_that_of_an_ellipsoid_with_the_lines_as_diameters(lines: Any) -> None:
    for letter, length in (("A", 30), ("B", 20), ("C", 10)):
        drag(lines.nodes[letter], 0, np.zeros(3))
        drag(lines.nodes[letter], 1, np.array([0, length, 0]))
    assert lines.volume_ml == pytest.approx(3.14159265)  # 4/3 pi 1.5 cm 1 cm 0.5 cm


def test_refit_brings_the_automatic_lines_back_also_a_deleted_one(scene: Any, lines: Any) -> None:
    before = {letter: ends(node) for letter, node in lines.nodes.items()}
    for node in lines.nodes.values():
        drag(node, 0, np.array([5.0, 6.0, 7.0]))
    scene.RemoveNode(lines.nodes["B"])
    lines.refit()
    assert scene.GetNumberOfNodesByClass(CLASS) == 3
    for letter, node in lines.nodes.items():
        assert ends(node) == pytest.approx(before[letter], abs=1e-9)


def test_after_stop_nothing_is_told(lines: Any) -> None:
    told = []
    lines.observe(lambda: told.append(1))
    lines.stop()
    drag(lines.nodes["A"], 0, np.zeros(3))
    assert not told


@pytest.mark.parametrize("label", [3, 4])
def test_a_lesion_that_the_formula_is_not_meant_for_gets_no_lines_but_a_reason(
    scene: Any, label: int
) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines

    affine = PLACEMENTS["plain"].world
    mask = ellipsoid(affine, label)
    scan = make_scan(scene, affine, np.zeros(mask.shape, np.int16))
    lesion = measured(mask, affine)["lesions"][0]
    assert add_tada_lines(scene, scan, lesion) is None
    assert scene.GetNumberOfNodesByClass(CLASS) == 0
    assert "Tada" in lesion["tada"]["reason"]


def test_the_lines_stay_with_a_scan_that_is_moved(scene: Any) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines

    affine = PLACEMENTS["plain"].affine
    mask = ellipsoid(affine)
    parent = make_transform(scene, np.eye(4))
    scan = make_scan(scene, affine, np.zeros(mask.shape, np.int16), parent)
    lines = add_tada_lines(scene, scan, measured(mask, affine)["lesions"][0])
    before, volume = ends(lines.nodes["A"]), lines.volume_ml
    moved = rotation(25, 1) @ rotation(-8, 2)
    moved[:3, 3] = 4, -9, 30
    import slicer

    parent.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(moved))
    assert ends(lines.nodes["A"]) == pytest.approx(before @ moved[:3, :3].T + moved[:3, 3])
    assert lines.volume_ml == pytest.approx(volume)


def test_lines_are_taken_up_again_after_the_scene_was_saved_and_loaded(
    scene: Any, lines: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import find_tada_lines

    automatic = lines.volume_ml
    first, second = ends(lines.nodes["B"])
    drag(lines.nodes["B"], 1, first + 2 * (second - first))
    load_bundle(scene, save_bundle(scene, tmp_path / "case.mrb"))
    scan = scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    (found,) = find_tada_lines(scene, scan)
    assert found.lesion_id == 1
    assert found.volume_ml == pytest.approx(2 * automatic, rel=1e-4)
    found.refit()
    assert found.volume_ml == pytest.approx(automatic, rel=1e-6)


def test_lines_of_a_lesion_replace_its_earlier_ones_only(
    scene: Any, plain: tuple[Any, dict[str, Any]], lines: Any
) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines, find_tada_lines

    scan, lesion = plain
    add_tada_lines(scene, scan, {**lesion, "id": 2})
    add_tada_lines(scene, scan, lesion)
    other = make_scan(scene, name="Another CT")
    assert [found.lesion_id for found in find_tada_lines(scene, scan)] == [1, 2]
    assert not find_tada_lines(scene, other)
    for found in find_tada_lines(scene, scan):
        found.remove()
    assert scene.GetNumberOfNodesByClass(CLASS) == 0


def test_each_line_is_named_coloured_and_cannot_lose_an_end(lines: Any) -> None:
    assert [node.GetName() for node in lines.nodes.values()] == ["Lesion 1 A", "Lesion 1 B", "Lesion 1 C"]
    colours = {node.GetDisplayNode().GetSelectedColor() for node in lines.nodes.values()}
    assert len(colours) == 3
    lines.nodes["A"].RemoveNthControlPoint(0)
    assert not lines.nodes["A"].GetLocked()
    assert lines.nodes["A"].GetFixedNumberOfControlPoints()
