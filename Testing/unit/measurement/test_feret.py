import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from ICHSegmentationLib.measurement.axial import Axis
from ICHSegmentationLib.measurement.feret import longest_diameter, longest_perpendicular
from ICHSegmentationLib.measurement.outline import hull_corners, pixel_borders

TO_MM = [
    np.eye(2),
    np.diag([0.45, 0.45]),
    np.array([[0.5, 0.1], [0.0, 2.0]]),  # anisotropic and sheared
    np.array([[0.3, 0.4], [0.4, -0.3]]),  # turned, left-handed
]
REGIONS = arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))).filter(np.any)
SPACINGS = st.sampled_from(TO_MM)


def axes_of(region):
    return [Axis.through(np.arange(n, dtype=float)) for n in region.shape]


def pixels_of(region, to_mm):
    """``[n, 4, 2]`` the four corners of each pixel, in mm, going round."""
    centres = np.argwhere(region)[:, None]
    return (centres + np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]])) @ to_mm


def a_of(region, to_mm):
    return longest_diameter(hull_corners(region, *axes_of(region)) @ to_mm)


def b_of(region, to_mm, diameter):
    return longest_perpendicular(pixel_borders(region, *axes_of(region)) @ to_mm, diameter)


def length(line):
    return np.linalg.norm(line[1] - line[0])


def extent_on(line_at, along, pixels):
    """How far the pixels reach on the line across ``along`` at this place: pixel by pixel, side by side."""
    across = np.array([-along[1], along[0]])
    heights = []
    for pixel in pixels:
        for one, other in zip(pixel, np.roll(pixel, -1, axis=0), strict=True):
            t = np.array([one @ along, other @ along]) - line_at
            h = np.array([one @ across, other @ across])
            heights.extend(h[np.abs(t) < 1e-5])
            if t[0] * t[1] < 0:
                heights.append(h[0] - t[0] * (h[1] - h[0]) / (t[1] - t[0]))
    return max(heights) - min(heights) if heights else 0.0


@settings(max_examples=60, deadline=None)
@given(REGIONS, SPACINGS)
def test_a_is_the_longest_of_all_distances_between_pixel_corners(region, to_mm):
    corners = pixels_of(region, to_mm).reshape(-1, 2)
    assert length(a_of(region, to_mm)) == pytest.approx(cdist(corners, corners).max(), abs=2e-5)


@settings(max_examples=40, deadline=None)
@given(REGIONS, SPACINGS, st.floats(0, 1))
def test_b_is_the_longest_line_across_a_that_pixels_allow(region, to_mm, share):
    diameter = a_of(region, to_mm)
    along = (diameter[1] - diameter[0]) / length(diameter)
    pixels = pixels_of(region, to_mm)

    b = length(b_of(region, to_mm, diameter))

    corner_lines = np.unique((pixels @ along).round(6))
    assert b == pytest.approx(max(extent_on(place, along, pixels) for place in corner_lines), abs=1e-4)
    elsewhere = corner_lines[0] + share * (corner_lines[-1] - corner_lines[0])
    assert extent_on(elsewhere, along, pixels) <= b + 1e-4


@settings(max_examples=40, deadline=None)
@given(REGIONS, SPACINGS)
def test_a_and_b_are_perpendicular_and_end_on_the_outline(region, to_mm):
    a = a_of(region, to_mm)
    b = b_of(region, to_mm, a)
    assert abs((a[1] - a[0]) @ (b[1] - b[0])) < 1e-6 * length(a)
    borders = pixel_borders(region, *axes_of(region)) @ to_mm
    for end in (*a, *b):
        start, side = borders[:, 0], borders[:, 1] - borders[:, 0]
        nearest = np.clip(((end - start) * side).sum(1) / (side**2).sum(1), 0, 1)[:, None]
        assert np.linalg.norm(start + nearest * side - end, axis=1).min() < 1e-5


def test_a_agrees_with_simpleitk_but_for_half_a_pixel_at_each_end():
    # SimpleITK measures between pixel centres, so it is shorter by up to the diagonal of a pixel.
    rng = np.random.default_rng(1)
    region = np.zeros((60, 70), bool)
    region[10:50, 12:55] = rng.random((40, 43)) < 0.9
    image = sitk.GetImageFromArray(region.astype(np.uint8))
    image.SetSpacing((0.45, 0.45))
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputeFeretDiameterOn()
    shape.Execute(image)

    beyond = length(a_of(region, np.diag([0.45, 0.45]))) - shape.GetFeretDiameter(1)
    assert 0 < beyond <= 0.45 * np.sqrt(2) + 1e-6


def test_a_row_of_ten_pixels_is_ten_pixels_long_and_one_wide():
    row = np.ones((1, 10), bool)
    a = a_of(row, np.eye(2))
    assert length(a) == pytest.approx(np.hypot(10, 1))


def test_b_of_a_crescent_is_its_thickness_and_not_its_bend():
    # A ring sector of 90 degrees, radius 40 to 50. A line across its chord cuts it over sqrt(50² - x²) -
    # sqrt(40² - x²), at most 41.2 - 28.3 = 13.0 at x = 40 sin 45°; seen from the side it is 50 - 28.3 = 21.7.
    y, x = np.mgrid[:60, -45:46]
    radius = np.hypot(x, y)
    crescent = (radius >= 40) & (radius <= 50) & (np.abs(x) <= y)
    a = a_of(crescent, np.eye(2))
    assert length(a) == pytest.approx(2 * 50 * np.sin(np.pi / 4), abs=1.5)
    assert length(b_of(crescent, np.eye(2), a)) == pytest.approx(12.95, abs=1.5)


def test_b_passes_over_a_hole():
    y, x = np.mgrid[-12:13, -20:21]
    ellipse = (x / 18.0) ** 2 + (y / 10.0) ** 2 <= 1
    holed = ellipse & (np.hypot(x, y) > 3)
    a = a_of(ellipse, np.eye(2))
    assert length(b_of(holed, np.eye(2), a)) == length(b_of(ellipse, np.eye(2), a))
