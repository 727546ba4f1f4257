"""Pictures of the brain alone: what they show, what they leave out, and the way back to the scan."""

import numpy as np
import pytest
from painted_heads import painted_head

from ICHSegmentationLib.preparation.brain_slices import (
    CODES_PER_HU,
    MIDDLE,
    OUTSIDE,
    PIXEL_MM,
    SHAPE,
    brain_slices,
    neighbours,
    network_input,
)


def prepared(head):
    return brain_slices(head.hu, head.inside, head.spacing)


def clot(head, y=30.0, x=-20.0, z=0.0, radius=12.0):
    """Paints a ball of 75 HU, and tells its middle slice."""
    where = (head.z - z) ** 2 + (head.y - y) ** 2 + (head.x - x) ** 2 < radius**2
    head.paint(where & head.inside, 75)
    return int(np.argmax(where.sum((1, 2))))


def middle_of(mask):
    rows, columns = np.nonzero(mask)
    return rows.mean(), columns.mean()


def test_the_brain_is_grey_whatever_its_height_and_the_skull_is_left_out():
    head = painted_head(spacing=(10.0, 2.0, 2.0))
    pictures = prepared(head)
    brain = pictures.codes[pictures.codes != OUTSIDE]
    assert np.median(brain) == pytest.approx(MIDDLE, abs=1)
    assert np.abs(brain.astype(int) - MIDDLE).max() < 30  # no blur of bone at the rim
    brighter = painted_head(spacing=(10.0, 2.0, 2.0))
    brighter.hu[brighter.inside] += 8
    found = prepared(brighter)
    assert found.brain_hu == pytest.approx(pictures.brain_hu + 8, abs=0.5)
    assert np.abs(found.codes.astype(int) - pictures.codes).max() <= 1


def test_a_clot_lies_where_it_is_and_is_as_bright_as_it_is():
    head = painted_head(spacing=(5.0, 1.0, 1.0))
    index = clot(head)
    pictures = prepared(head)
    bright = pictures.codes[index] > MIDDLE + 40  # half of the 40 HU between clot and brain
    row, column = middle_of(bright)
    assert (row + 0.5 - SHAPE[0] / 2) * PIXEL_MM == pytest.approx(30, abs=1)
    assert (column + 0.5 - SHAPE[1] / 2) * PIXEL_MM == pytest.approx(-20, abs=1)
    assert bright.sum() * PIXEL_MM**2 == pytest.approx(np.pi * 12**2, rel=0.1)
    seen = np.median(pictures.codes[index][bright]).astype(int) - MIDDLE
    assert seen / CODES_PER_HU + pictures.brain_hu == pytest.approx(75, abs=1)


@pytest.mark.parametrize("resolution", [SHAPE, (50, 42)])
def test_a_map_comes_back_to_the_place_that_it_was_seen_at(resolution):
    head = painted_head(spacing=(5.0, 1.0, 1.5))
    index = clot(head)
    wanted = middle_of(head.hu[index] == 75)
    pictures = prepared(head)
    bright = (pictures.codes > MIDDLE + 60).astype(np.float32)
    step = SHAPE[0] // resolution[0]
    maps = bright.reshape(len(bright), resolution[0], step, resolution[1], step).mean((2, 4))
    back = pictures.back(maps)
    assert back.shape == head.hu.shape
    assert middle_of(back[index] > 0.5) == pytest.approx(wanted, abs=1.5)
    assert back[:, 0].max() == 0


def test_thin_slices_are_averaged_and_each_knows_its_slab():
    head = painted_head(spacing=(2.5, 2.0, 2.0)).slices(slice(10, 41))
    pictures = prepared(head)
    assert pictures.slab == 2 and len(pictures.codes) == 16
    assert pictures.slab_of_slice.tolist() == [n // 2 for n in range(31)]
    pair = head.slices(slice(20, 22))
    alone = brain_slices(pair.hu, pair.inside, (5.0, 2.0, 2.0))
    inside = (pictures.codes[10] != OUTSIDE) & (alone.codes != OUTSIDE).all(0)
    mean = alone.codes.astype(float).mean(0) + CODES_PER_HU * (alone.brain_hu - pictures.brain_hu)
    rows = slice(55, 140)  # the picture of two slices alone may lie half a pixel elsewhere
    assert pictures.codes[10][rows][inside[rows]].mean() == pytest.approx(
        mean[rows][inside[rows]].mean(), abs=1
    )


def test_the_first_and_last_stand_in_for_the_neighbours_that_they_lack():
    codes = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((3, 2, 2), np.uint8)
    assert neighbours(codes)[:, :, 0, 0].tolist() == [[1, 1, 2], [1, 2, 3], [2, 3, 3]]


def test_the_network_sees_twenty_hu_as_one_and_the_brain_as_a_mask():
    codes = np.full((1, 3, 1, 3), MIDDLE, np.uint8)
    codes[0, 1, 0] = [MIDDLE + 20 * CODES_PER_HU, OUTSIDE, MIDDLE]
    assert network_input(codes)[0, 1, 0].tolist() == [1.0, 0.0, 0.0]
    assert network_input(codes)[0, 3, 0].tolist() == [1.0, 0.0, 1.0]


def test_a_scan_without_brain_is_all_outside():
    pictures = brain_slices(np.full((3, 20, 20), -1000), np.zeros((3, 20, 20), bool), (5.0, 1.0, 1.0))
    assert not pictures.codes.any() and pictures.inputs().shape == (3, 4, *SHAPE)
    assert np.isfinite(pictures.inputs()).all()
