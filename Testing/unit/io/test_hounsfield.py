import numpy as np
import pytest

from ICHSegmentationLib.io.hounsfield import as_hounsfield


def test_twelve_bit_values_become_int16_hounsfield_units():
    hu = as_hounsfield(np.array([[0, 1024, 4095]], np.uint16), 1.0, -1024.0)
    assert hu.dtype == np.int16
    assert hu.tolist() == [[-1024, 0, 3071]]


def test_unsigned_values_beyond_int16_fit_after_the_rescale():
    hu = as_hounsfield(np.array([[32768, 65535]], np.uint16), 1, -32768)
    assert hu.dtype == np.int16
    assert hu.tolist() == [[0, 32767]]


@pytest.mark.parametrize("stored", [np.float32, np.float64, np.int32, np.uint8])
def test_whole_values_of_any_type_become_int16(stored):
    hu = as_hounsfield(np.array([[0, 40, 200]], stored))
    assert hu.dtype == np.int16
    assert hu.tolist() == [[0, 40, 200]]


def test_fractions_stay_floats():
    hu = as_hounsfield(np.array([[10, 11]], np.int16), 0.5, 0)
    assert hu.dtype == np.float32
    assert hu.tolist() == [[5.0, 5.5]]


def test_values_out_of_range_stay_floats():
    assert as_hounsfield(np.array([[0, 40000]], np.int32)).tolist() == [[0.0, 40000.0]]


def test_nothing_but_zeros_stay_zero_whatever_their_slope():
    """Such as the padded slices of a series, or an image of nothing at all with a damaged header."""
    hu = as_hounsfield(np.zeros((1, 2), np.uint8), 1e30, 0)
    assert hu.dtype == np.int16
    assert hu.tolist() == [[0, 0]]


def test_values_that_are_no_numbers_stay_for_the_checks_to_find():
    hu = as_hounsfield(np.array([[0.0, np.nan, np.inf]]))
    assert np.isnan(hu[0, 1])
    assert np.isinf(hu[0, 2])
