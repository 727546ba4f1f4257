import numpy as np

from ICHSegmentationLib.inference.region_box import region_box


def test_the_box_holds_everything_that_is_at_least_half_likely():
    probability = np.zeros((10, 20, 30))
    probability[2, 5, 7] = 0.5
    probability[6, 14, 9] = 1.0
    probability[9, 19, 29] = 0.49
    assert region_box(probability) == (slice(2, 7), slice(5, 15), slice(7, 10))


def test_each_side_is_enlarged_about_the_same_centre_and_cut_off_at_the_scans_end():
    probability = np.zeros((10, 20, 30))
    probability[0:4, 8:12, 10:20] = 1
    assert region_box(probability, 1.5) == (slice(0, 5), slice(7, 13), slice(7, 23))


def test_nothing_likely_gives_no_box():
    assert region_box(np.full((3, 4, 5), 0.4)) is None
