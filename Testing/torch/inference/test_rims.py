"""Rims that are outlined only while the brain is shown brighter."""

import numpy as np
import pytest

from ICHSegmentationLib.inference.rims import rims


def disks(radii_mm, spacing=(5.0, 0.5, 0.5), size=121):
    """One disk a slice around the same middle; none where the radius is 0. ``[D, H, W]``."""
    _, row, column = spacing
    rows, columns = np.indices((size, size)) - size // 2
    distance = np.hypot(rows * row, columns * column)
    return np.stack([distance < radius for radius in radii_mm]).astype(np.uint8)


def test_a_rim_is_left_out_and_the_darker_outline_stays():
    bright, dark = disks([12, 12]), disks([11, 11.5])
    assert np.array_equal(bright & ~rims(bright, dark, 3.0, (5.0, 0.5, 0.5)), dark)


def test_a_slice_on_which_nothing_else_is_outlined_stays_whole():
    bright, dark = disks([12, 3]), disks([11.5, 0])
    found = rims(bright, dark, 3.0, (5.0, 0.5, 0.5))
    assert found[0].any() and not found[1].any()


def test_what_only_the_darker_image_shows_is_no_rim():
    assert not rims(disks([8]), disks([10]), 3.0, (5.0, 0.5, 0.5)).any()


@pytest.mark.parametrize("spacing", [(5.0, 0.5, 0.5), (1.0, 0.25, 0.25), (5.0, 0.4, 0.8)])
def test_how_wide_a_rim_may_be_is_in_millimetres_within_the_slice(spacing):
    size = 401
    bright, dark = disks([40], spacing, size), disks([36], spacing, size)
    left = bright & ~rims(bright, dark, 3.0, spacing)
    ring = disks([40], spacing, size) ^ disks([39], spacing, size)
    wrong = (left > 0) != ((ring | dark) > 0)
    edge_mm2 = 2 * np.pi * 39 * max(spacing[1:])
    assert wrong.sum() * spacing[1] * spacing[2] < edge_mm2


def test_a_lesion_of_which_little_is_seen_in_the_darker_image_keeps_its_edge():
    assert not rims(disks([12]), disks([9]), 3.0, (5.0, 0.5, 0.5)).any()


def test_each_lesion_is_judged_for_itself():
    dense, faint = disks([12, 12, 0, 0, 0]), disks([0, 0, 0, 12, 12])
    dark = disks([11, 11, 0, 8, 8])
    found = rims(dense | faint, dark, 3.0, (5.0, 0.5, 0.5))
    assert np.array_equal(found, (dense > 0) & (dark == 0))


def test_holes_of_the_darker_outline_stay_filled():
    bright, dark = disks([12]), disks([11.5])
    dark[0, 58:62, 58:62] = 0
    assert not rims(bright, dark, 3.0, (5.0, 0.5, 0.5))[0, 50:70, 50:70].any()
