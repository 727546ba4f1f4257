import numpy as np
import pytest

from ICHSegmentationLib.preparation.channels import channels

HU = np.array([[[-1000.0, 0.0], [40.0, 80.0]], [[60.0, 20.0], [180.0, 1000.0]]], np.float32)


def test_each_window_becomes_a_channel_from_0_to_1():
    brain, wide = channels(HU, [(40, 80), (80, 200)])  # 0..80 and -20..180 HU
    assert brain[0].tolist() == [[0, 0], [0.5, 1]]
    assert wide[1] == pytest.approx(np.array([[0.4, 0.2], [1, 1]]))


def test_a_scan_without_windows_is_one_channel_of_unclipped_hu():
    assert np.array_equal(channels(HU)[0], HU)


def test_zscore_makes_mean_0_and_standard_deviation_1_of_the_clipped_scan():
    (scan,) = channels(HU, [(40, 90)], "zscore")
    clipped = HU.clip(-5, 85)
    assert scan == pytest.approx((clipped - clipped.mean()) / clipped.std())
    assert scan.mean() == pytest.approx(0, abs=1e-6) and scan.std() == pytest.approx(1)


def test_minmax_maps_the_lowest_value_of_the_scan_to_0_and_the_highest_to_1():
    (scan,) = channels(HU, normalisation="minmax")
    assert scan[0, 0, 0] == 0 and scan[1, 1, 1] == 1
    assert scan[0, 0, 1] == pytest.approx(0.5)


def test_fixed_means_and_deviations_are_in_hu():
    (scan,) = channels(HU, [(50, 100)], "mean_std", [(60, 12)])
    assert scan[0].tolist() == [[-5, -5], [pytest.approx(-20 / 12), pytest.approx(20 / 12)]]


@pytest.mark.parametrize("normalisation", ["zscore", "minmax"])
def test_an_even_scan_stays_finite(normalisation: str):
    assert np.array_equal(channels(np.full((2, 3, 4), 30), (), normalisation), np.zeros((1, 2, 3, 4)))


def test_an_unknown_normalisation_and_missing_numbers_are_refused():
    with pytest.raises(ValueError, match="found 'log'"):
        channels(HU, normalisation="log")
    with pytest.raises(ValueError, match="found 1 of them"):
        channels(HU, [(40, 80), (80, 200)], "mean_std", [(0, 1)])
