import numpy as np

from ICHSegmentationLib.inference.network_grid import NetworkGrid
from ICHSegmentationLib.inference.regions import regions_to_refine

GRID = NetworkGrid(native=(20, 200, 120), slab=2, shape=(10, 100, 60))


def boxes(*places, seen=0.5, margin=(1, 5, 5), smallest=(1, 1, 1)):
    probability = np.zeros(GRID.shape, np.float32)
    for (slab, row, column), value in places:
        probability[slab, row : row + 4, column : column + 4] = value
    return regions_to_refine(probability, GRID, 0.2, seen, margin, smallest)


def test_nothing_seen_is_nothing_to_refine():
    assert boxes() == []


def test_what_never_reaches_seen_is_left_alone():
    assert boxes(((4, 50, 30), 0.4)) == []
    assert len(boxes(((4, 50, 30), 0.6))) == 1


def test_a_region_gets_its_margin_and_the_same_box_on_both_grids():
    (region,) = boxes(((4, 50, 30), 0.9))
    assert region.coarse == (slice(3, 6), slice(45, 59), slice(25, 39))
    assert region.native == (slice(6, 12), slice(90, 118), slice(50, 78))


def test_at_the_edge_of_the_scan_a_box_keeps_its_size_and_moves_inward():
    (region,) = boxes(((0, 0, 56), 0.9))
    assert region.coarse == (slice(0, 3), slice(0, 14), slice(46, 60))
    assert region.native[2].stop == 120


def test_overlapping_boxes_become_one_and_distant_ones_stay_apart():
    regions = boxes(((4, 10, 10), 0.9), ((4, 20, 10), 0.9), ((4, 80, 40), 0.9))
    assert [region.coarse[1] for region in regions] == [slice(5, 29), slice(75, 89)]


def test_a_small_region_is_widened_to_what_the_fine_stage_needs_within_the_scan():
    (region,) = boxes(((9, 50, 0), 0.9), smallest=(6, 40, 40))
    assert region.coarse == (slice(4, 10), slice(32, 72), slice(0, 40))
    (whole,) = boxes(((9, 50, 0), 0.9), smallest=(99, 999, 999))
    assert whole.coarse == (slice(0, 10), slice(0, 100), slice(0, 60))
