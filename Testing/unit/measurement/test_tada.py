import math

import numpy as np
import pytest
from measurement_shapes import affine_of, drawn, ellipsoid, ellipsoid_matrix
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.measurement.tada import kothari_weights

FIVE_MM_SLICES = np.diag([1.0, 1.0, 5.0, 1.0])


def tada_of(mask):
    (lesion,) = measure(mask).lesions
    assert lesion.tada.applicable
    return lesion.tada


def test_a_rectangle_worked_by_hand():
    # 4 columns x 3 rows of 1 mm on two slices 5 mm apart.
    # A: the diagonal, 5 mm. B: perpendicular to it, direction (3, 4)/5, between the long sides, 3 mm apart:
    # 3 / (4/5) = 3.75 mm. C: 2 x 5 = 10 mm. The slices are alike, so Kothari counts both in full.
    blank, full = ["......"] * 5, ["......", ".####.", ".####.", ".####.", "......"]

    tada = tada_of(drawn([blank, full, full, blank], FIVE_MM_SLICES))

    assert (tada.a_mm, tada.b_mm, tada.c_mm) == pytest.approx((5, 3.75, 10))
    assert tada.volume_ml == pytest.approx(math.pi / 6 * 5 * 3.75 * 10 / 1000)
    assert tada.abc2_ml == pytest.approx(5 * 3.75 * 10 / 2 / 1000)
    assert tada.c_kothari_mm == pytest.approx(10)
    assert tada.two_thirds_sh_ml == pytest.approx(2 / 3 * 12 * 10 / 1000)
    # Array index +column is +x, +row is +y here: corners lie half a pixel outside the centres 1..4 and 1..3.
    assert sorted(tada.a_ends_mm) in (
        [pytest.approx((0.5, 0.5, 5)), pytest.approx((4.5, 3.5, 5))],
        [pytest.approx((0.5, 3.5, 5)), pytest.approx((4.5, 0.5, 5))],
        [pytest.approx((0.5, 0.5, 10)), pytest.approx((4.5, 3.5, 10))],
        [pytest.approx((0.5, 3.5, 10)), pytest.approx((4.5, 0.5, 10))],
    )


def test_a_slice_whose_rows_and_columns_are_not_perpendicular_worked_by_hand():
    # Each row is shifted by half a column: the 4 x 3 rectangle leans over, its long diagonal is (5.5, 3).
    # Across it, along (-3, 5.5), the sides 3 mm apart are 3 / (5.5 / A) away from each other.
    leaning = FIVE_MM_SLICES.copy()
    leaning[0, 1] = 0.5
    tada = tada_of(drawn([["####"] * 3] * 3, leaning))
    a = math.hypot(5.5, 3)
    assert (tada.a_mm, tada.b_mm) == pytest.approx((a, 3 * a / 5.5))
    for ends, length in ((tada.a_ends_mm, tada.a_mm), (tada.b_ends_mm, tada.b_mm)):
        assert math.dist(*ends) == pytest.approx(length)


def test_both_depths_of_a_tapering_lesion_worked_by_hand():
    # Areas 2, 6, 12, 9, 4 mm²; of the largest: 17 %, 50 %, 100 %, 75 %, 33 %.
    # Kothari: 0 + 1/2 + 1 + 1 + 1/2 = 3 slices of 5 mm; counting: 5 slices.
    slices = [
        ["....", "....", ".##.", "...."],
        ["....", ".##.", ".##.", ".##."],
        ["....", "####", "####", "####"],
        ["....", ".###", ".###", ".###"],
        ["....", "....", ".##.", ".##."],
    ]
    tada = tada_of(drawn(slices, FIVE_MM_SLICES))

    assert (tada.c_mm, tada.c_kothari_mm) == pytest.approx((25, 15))
    assert tada.slice_index == 2
    assert (tada.a_mm, tada.b_mm) == pytest.approx((5, 3.75))
    assert tada.volume_kothari_ml == pytest.approx(math.pi / 6 * 5 * 3.75 * 15 / 1000)
    assert tada.abc2_kothari_ml == pytest.approx(5 * 3.75 * 15 / 2 / 1000)
    assert tada.two_thirds_sh_ml == pytest.approx(2 / 3 * 12 * 25 / 1000)


def test_a_plus_worked_by_hand():
    # Arms of 2 x 6 mm crossing in the middle. The farthest corners are those of one arm, 6 long and 2 wide:
    # A = sqrt(40). The longest line across it passes through the ends of the other arm: with A along (3, 1),
    # B runs along (-1, 3) between that arm's ends, 6 mm apart: 6 / (3 / sqrt(10)) = sqrt(40) as well.
    plus = ["..##..", "..##..", "######", "######", "..##..", "..##.."]
    tada = tada_of(drawn([plus, plus, plus], FIVE_MM_SLICES))
    assert (tada.a_mm, tada.b_mm, tada.c_mm) == pytest.approx((math.sqrt(40), math.sqrt(40), 15))


def test_the_bedside_form_is_three_over_pi_of_the_ellipsoid():
    tada = tada_of(drawn([["####"] * 4] * 3, FIVE_MM_SLICES))
    assert tada.abc2_ml / tada.volume_ml == pytest.approx(3 / math.pi)
    assert tada.abc2_kothari_ml / tada.volume_kothari_ml == pytest.approx(3 / math.pi)


def test_kothari_counts_an_ideal_ellipsoid_as_0_683_of_its_depth():
    # Slice areas fall as 1 - z²: at least 75 % within half the depth, 25 % within sqrt(3)/2 of it.
    z = np.linspace(-1, 1, 20001)
    assert kothari_weights(1 - z**2).mean() == pytest.approx((0.5 + math.sqrt(3) / 2) / 2, abs=1e-3)
    assert (0.5 + math.sqrt(3) / 2) / 2 == pytest.approx(0.683, abs=1e-3)


def test_three_pixels_of_four_are_75_percent_at_any_pixel_size():
    for size in np.linspace(0.3, 1.2, 200):
        assert kothari_weights(np.array([3, 4]) * size**2).tolist() == [1, 1]


def test_kothari_borders_belong_to_the_larger_weight():
    assert kothari_weights(np.array([100, 75, 74, 25, 24])).tolist() == [1, 1, 0.5, 0.5, 0]


TURNS = [(0, 0, 0), (0, 0, 37), (25, 0, 10), (-15, 20, 60)]
GRIDS = {
    "isotropic 0.5 mm": ((121, 121, 121), (0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 1)),
    "5 mm slices": ((15, 141, 141), (0.45, 0.45, 5), (0, 0, 0), (1, 1, 1)),
    "pixels not square": ((31, 81, 121), (0.5, 0.8, 2), (0, 0, 0), (1, 1, 1)),
    "as DICOM stores it": ((31, 141, 141), (0.45, 0.45, 2), (0, 0, 0), (-1, -1, 1)),
    "left-handed": ((31, 141, 141), (0.45, 0.45, 2), (0, 0, 0), (-1, 1, 1)),
    "upside down": ((31, 141, 141), (0.45, 0.45, 2), (0, 0, 0), (1, 1, -1)),
    "oblique": ((31, 141, 141), (0.45, 0.45, 2), (18, -12, 25), (-1, -1, 1)),
}


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("grid", GRIDS)
def test_an_ellipsoid_has_the_lengths_that_geometry_gives(grid, turn):
    shape, spacing, tilt, flips = GRIDS[grid]
    affine = affine_of(
        spacing, Rotation.from_euler("xyz", tilt, degrees=True).as_matrix(), flips, (-100, 80, 30)
    )
    matrix = ellipsoid_matrix((24, 15, 19), Rotation.from_euler("xyz", turn, degrees=True).as_matrix())
    mask, centre = ellipsoid(shape, affine, matrix)

    tada = tada_of(mask)

    # The slice through the middle cuts an ellipse: x' P'MP x = 1 in the plane's own axes P.
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    plane, normal = directions[:, :2], directions[:, 2]
    b, a = 2 / np.sqrt(np.linalg.eigvalsh(plane.T @ matrix @ plane)[::-1])
    c = 2 * np.sqrt(normal @ np.linalg.inv(matrix) @ normal)
    pixel = max(spacing[:2])
    assert a - 0.6 * pixel <= tada.a_mm <= a + 1.5 * pixel
    assert b - 0.6 * pixel <= tada.b_mm <= b + 1.5 * pixel
    assert abs(tada.c_mm - c) <= spacing[2] + 1e-6
    # pi/6 A B C is exact for an ellipsoid in any position: what is left is the pixels' and slices' size.
    volume = math.pi / 6 * 48 * 30 * 38 / 1000
    assert tada.volume_ml / tada.c_mm == pytest.approx(volume / c, rel=0.06)
    assert tada.two_thirds_sh_ml / tada.c_mm == pytest.approx(volume / c, rel=0.02)
    assert measure(mask).total_volume_ml == pytest.approx(volume, rel=0.02)
    assert measure(mask).lesions[0].centroid_mm == pytest.approx(tuple(centre), abs=0.2)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_on_thin_slices_the_estimate_of_an_ellipsoid_is_its_volume(turn):
    matrix = ellipsoid_matrix((24, 15, 19), Rotation.from_euler("xyz", turn, degrees=True).as_matrix())
    mask, _ = ellipsoid((121, 121, 121), affine_of((0.5, 0.5, 0.5)), matrix)
    tada = tada_of(mask)
    assert tada.volume_ml == pytest.approx(math.pi / 6 * 48 * 30 * 38 / 1000, rel=0.05)
    assert tada.c_kothari_mm / tada.c_mm == pytest.approx(0.683, abs=0.03)


def test_the_ends_of_a_and_b_lie_on_their_slice_as_far_apart_as_they_are_long():
    turn = Rotation.from_euler("xyz", [10, 15, 30], degrees=True).as_matrix()
    affine = affine_of((0.5, 0.7, 3), turn, (-1, -1, 1), (7, 8, 9))
    mask, _ = ellipsoid((21, 101, 101), affine, ellipsoid_matrix((20, 11, 15), turn))

    tada = tada_of(mask)

    a, b = np.array(tada.a_ends_mm), np.array(tada.b_ends_mm)
    assert np.linalg.norm(a[1] - a[0]) == pytest.approx(tada.a_mm)
    assert np.linalg.norm(b[1] - b[0]) == pytest.approx(tada.b_mm)
    assert (a[1] - a[0]) @ (b[1] - b[0]) == pytest.approx(0, abs=1e-6)
    back = np.linalg.inv(affine)
    for end in (*a, *b):
        column, row, slice_ = back[:3, :3] @ end + back[:3, 3]
        assert slice_ == pytest.approx(tada.slice_index)
        near = mask.voxels[tada.slice_index, int(row) - 1 : int(row) + 3, int(column) - 1 : int(column) + 3]
        assert 0 < near.mean() < near.max()
