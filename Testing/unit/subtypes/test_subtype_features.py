"""Numbers of shapes of which they are known."""

import numpy as np
import pytest

from ICHSegmentationLib.subtypes.head_frame import HeadFrame
from ICHSegmentationLib.subtypes.head_spaces import HeadSpaces
from ICHSegmentationLib.subtypes.part_features import FEATURES, cube_features, part_features, solidity
from ICHSegmentationLib.subtypes.ventricle_course import beside_ventricles_mm
from ICHSegmentationLib.subtypes.working_grid import STEP_MM, WorkingGrid, WorkingHead

SHAPE = (76, 92, 84)
RADIUS_MM = 75.0


def places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Up, back and left (mm) of each cube from the centre of a head."""
    return tuple(  # type: ignore[return-value]
        (axis - (n - 1) / 2) * STEP_MM
        for axis, n in zip(np.ogrid[tuple(map(slice, SHAPE))], SHAPE, strict=True)
    )


def ball_shaped_head(lean: float = 0.0) -> WorkingHead:
    """A ball of 75 mm, of 35 HU, with a ventricle of fluid in its middle; ``lean`` shears it to the side, mm
    per mm."""
    up, back, left = places()
    inside = up**2 + back**2 + (left - lean * up) ** 2 < RADIUS_MM**2
    hu = np.where(inside, np.float32(35), np.float32(1000))
    hu[(up**2 + (back / 3) ** 2 + (left - lean * up) ** 2) < 8**2] = 5
    grid = WorkingGrid(None, (1, 1, 1), np.zeros(3), SHAPE)  # type: ignore[arg-type]
    return WorkingHead(grid, hu, np.ones(SHAPE, bool), inside, False)


@pytest.fixture(scope="module")
def spaces() -> HeadSpaces:
    return HeadSpaces.of(ball_shaped_head())


def features_of(part: np.ndarray, spaces: HeadSpaces) -> dict[str, float]:
    numbers = part_features(part, np.zeros(3, np.intp), part, spaces)
    return dict(zip(FEATURES, numbers, strict=False))


def test_the_frame_finds_size_midline_middle_and_vertex_of_a_ball():
    frame = HeadFrame.of(ball_shaped_head().inside)
    assert frame.size == pytest.approx(1.0, rel=0.01)
    left, back, down = frame.places(np.array([[37, 45, 41], [37, 60, 71]]))
    up = (37 - (SHAPE[0] - 1) / 2) * STEP_MM
    assert left == pytest.approx([-1, 59], abs=0.5)
    assert back == pytest.approx([-1, 29], abs=1.5)
    assert down == pytest.approx([RADIUS_MM - up] * 2, abs=5)  # the vertex is where a section first has 5 cm²


def egg_shaped(turn_degrees: float, lean: float = 0.0) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """A region longer than wide, turned and leaning, and up, back and left (mm) of each cube in it."""
    up, back, left = places()
    aside = left - lean * up
    c, s = np.cos(np.radians(turn_degrees)), np.sin(np.radians(turn_degrees))
    along, across = back * c + aside * s, aside * c - back * s
    return (up / 72) ** 2 + (along / 82) ** 2 + (across / 66) ** 2 < 1, (up, along, across)


@pytest.mark.parametrize(("turn", "lean"), [(0, 0.0), (0, 0.2), (30, 0.0), (-30, 0.0), (12, -0.1)])
def test_a_head_that_is_turned_and_leans_keeps_its_left_and_its_back(turn, lean):
    inside, (_, along, across) = egg_shaped(turn, lean)
    frame = HeadFrame.of(inside)
    cubes = np.argwhere(inside)
    left, back, _ = frame.places(cubes)
    assert np.abs(left * frame.size - across[inside]).max() < 3.0
    assert np.abs(back * frame.size - along[inside]).max() < 3.0
    mirrored = frame.places(frame.mirrored(cubes, SHAPE))
    near_middle = np.abs(across[inside]) < 30  # further out the mirror image may leave the grid
    assert np.abs(mirrored[0] + left)[near_middle].max() < 2.0
    assert np.abs(mirrored[1] - back)[near_middle].max() < 2.0


def test_depth_is_measured_from_the_inner_table_and_fluid_in_the_middle_is_a_ventricle(spaces):
    up, back, left = places()
    from_table = RADIUS_MM - np.sqrt(up**2 + back**2 + left**2)
    inside = from_table > 4
    assert np.abs(spaces.depth - from_table)[inside].max() < 2.5
    assert spaces.to_ventricles[38, 46, 42] == 0
    assert spaces.to_ventricles[38, 46, 42 + 9] == pytest.approx(10, abs=2.5)  # 18 mm from the centre, less 8
    assert spaces.to_ventricles.max() == 20


def test_where_the_scan_ends_is_no_inner_table():
    whole = ball_shaped_head()
    seen = np.ones(SHAPE, bool)
    seen[:30] = False
    cut = WorkingHead(whole.grid, whole.hu, seen, whole.inside & seen, False)
    assert HeadSpaces.of(cut).depth[31, 46, 42] > 40


def test_a_ball_is_compact_and_deep(spaces):
    up, back, left = places()
    found = features_of(up**2 + back**2 + (left - 40) ** 2 < 18**2, spaces)
    assert np.exp(found["log_volume"]) == pytest.approx(4 / 3 * np.pi * 18**3 / 1000, rel=0.05)
    assert np.exp(found["log_thickness"]) == pytest.approx(36, abs=6)
    assert found["flatness"] == pytest.approx(1, abs=0.2)
    assert found["elongation"] == found["plate"] == pytest.approx(1, abs=0.02)
    assert found["solidity"] > 0.8
    assert found["touching"] == 0
    assert found["aside"] == pytest.approx(40, abs=1.5)
    assert found["hu_around"] == pytest.approx(35, abs=0.5)


def test_a_crescent_on_the_table_is_flat_bent_and_faces_it(spaces):
    up, back, left = places()
    from_table = RADIUS_MM - np.sqrt(up**2 + back**2 + left**2)
    crescent = (from_table > 0) & (from_table < 7) & (left > 20) & (np.abs(up) < 40)
    lens = (left > 62) & (from_table > 0)
    bent, convex = features_of(crescent, spaces), features_of(lens, spaces)
    assert bent["solidity"] < 0.5 < 0.75 < convex["solidity"]
    assert bent["touching"] > 0.4 and convex["touching"] > 0.4
    assert bent["flatness"] < 0.3
    assert bent["lens"] < convex["lens"]
    assert convex["fullness"] == pytest.approx(0.5, abs=0.15)  # a cap holds half of its base times its height
    assert bent["facing_table"] > 0.6 and convex["facing_table"] > 0.9
    assert bent["largest_depth"] == pytest.approx(7, abs=2)


def test_a_sheet_on_the_midline_faces_the_falx(spaces):
    up, back, left = places()
    found = features_of((np.abs(left) < 3) & (np.abs(back) < 30) & (up > 25) & (up < 55), spaces)
    assert found["facing_falx"] > 0.99
    assert found["midline"] == 1


def test_fluid_around_a_lesion_is_counted(spaces):
    up, back, left = places()
    found = features_of((up**2 + back**2 + left**2) < 4**2, spaces)
    assert found["fluid_around"] > 0.5
    assert found["hu_around"] < 20


def test_a_box_fills_its_hull_and_a_cross_does_not():
    box = np.argwhere(np.ones((4, 6, 9), bool))
    cross = np.zeros((5, 21, 21), bool)
    cross[:, 10], cross[:, :, 10] = True, True
    assert solidity(box) == pytest.approx(1)
    assert solidity(box[:1]) == pytest.approx(1)
    # Two bars of 21 squares that cross: 41 squares in a hull of an octagon with corners cut by 10 * 10 / 2.
    assert solidity(np.argwhere(cross)) == pytest.approx(41 / (21**2 - 4 * 10 * 10 / 2))


def test_a_ventricles_course_is_on_both_sides_and_nowhere_near_the_vertex():
    left = np.array([10, -10, 0, 0, 60], np.float32)
    back = np.array([0, 0, 26, 0, 0], np.float32)
    down = np.array([54, 54, 116, 5, 60], np.float32)
    found = beside_ventricles_mm(left, back, down)
    assert found[:3] == pytest.approx([-5, -5, -7])
    assert (found[3:] > 25).all()


def test_cubes_at_the_ventricle_of_the_other_side_are_near_to_its_mirror_image(spaces):
    near, far = cube_features(np.array([[38, 46, 42 + 6], [38, 46, 42 + 30]]), spaces)
    assert near[2] == pytest.approx(near[1], abs=2.5)
    assert far[1] == far[2] == 20
