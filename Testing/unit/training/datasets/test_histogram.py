"""Counts describe voxels exactly as the voxels themselves would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Training.datasets.histogram import PERCENTILES, Histogram

HU = st.lists(st.integers(-1024, 3000), min_size=1, max_size=200)


@settings(deadline=None)
@given(HU, HU)
def test_merged_counts_give_the_statistics_of_all_voxels(one, other):
    voxels = np.array(one + other)
    found = Histogram.merged([Histogram.of(np.array(one)), Histogram.of(np.array(other))]).description()
    assert found["voxels"] == voxels.size
    assert found["mean"] == pytest.approx(voxels.mean(), abs=1e-3)
    assert found["std"] == pytest.approx(voxels.std(), abs=1e-3)
    for percent in PERCENTILES:
        assert found[f"percentile_{percent:g}"] == np.percentile(voxels, percent, method="inverted_cdf")


def test_values_beyond_the_range_count_as_its_ends_and_fractions_are_rounded():
    assert Histogram.of(np.array([-3000.0, 40.4, 40.6, 9000.0])).counts == {-1024: 1, 40: 1, 41: 1, 4095: 1}


def test_no_voxels_have_no_statistics():
    assert Histogram().description() == {"voxels": 0}
