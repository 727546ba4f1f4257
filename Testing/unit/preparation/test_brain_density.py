"""The density of a scan's brain, and a scan moved to another one."""

import numpy as np
import pytest
from painted_heads import painted_head

from ICHSegmentationLib.preparation.brain_density import brain_hu, with_brain_within


@pytest.fixture
def head():
    head = painted_head(spacing=(10.0, 2.0, 2.0))
    head.hu[:] = np.rint(head.hu)
    return head


@pytest.mark.parametrize("higher", [-10, -7, 0, 7, 10])
def test_the_brain_measures_what_the_scan_was_moved_by(head, higher):
    own = brain_hu(head.hu, head.inside)
    assert own == pytest.approx(np.median(head.hu[head.inside]), abs=1)
    assert brain_hu(head.hu + higher, head.inside) == own + higher


def test_a_clot_and_a_ventricle_do_not_move_it(head):
    own = brain_hu(head.hu, head.inside)
    for x, hu in ((-30.0, 75), (30.0, 5)):
        ball = (head.z**2 + head.y**2 + (head.x - x) ** 2 < 22**2) & head.inside  # 45 mL each
        head.paint(ball, hu)
    assert brain_hu(head.hu, head.inside) == pytest.approx(own, abs=1)


def test_scans_that_differ_in_height_alone_become_the_same(head):
    stored = head.hu.astype(np.int16)
    moved = with_brain_within(33, 33, stored, head.inside)
    assert brain_hu(moved, head.inside) == pytest.approx(33, abs=0.5)
    assert moved.dtype == np.int16
    assert np.array_equal(with_brain_within(33, 33, stored + np.int16(9), head.inside), moved)
    assert np.array_equal(stored, head.hu)  # what was given stays
    assert with_brain_within(33, 33, moved, head.inside) is moved


def test_padding_at_the_end_of_int16_does_not_become_bone(head):
    stored = head.hu.astype(np.int16)
    stored[:, 0] = -32768
    lowered = with_brain_within(20, 20, stored, head.inside)
    assert lowered[:, 0].max() < -1000


def test_where_no_brain_is_seen_a_usual_one_is_assumed(head):
    nothing = np.zeros_like(head.inside)
    air = np.full(head.hu.shape, -1000, np.int16)
    assert brain_hu(air, nothing) == 32
    assert with_brain_within(32, 32, air, nothing) is air


def test_a_scan_moves_no_farther_than_it_must(head):
    own = brain_hu(head.hu, head.inside)
    inside = with_brain_within(own - 4, own + 1, head.hu, head.inside)
    assert inside is head.hu
    below = with_brain_within(own + 2, own + 9, head.hu, head.inside)
    assert np.array_equal(below, head.hu + 2)
    above = with_brain_within(own - 9, own - 3, head.hu, head.inside)
    assert np.array_equal(above, head.hu - 3)
