import numpy as np
import pytest

from ICHSegmentationLib.preparation.windows import window


def test_a_window_runs_from_zero_to_one_between_its_ends():
    hu = np.array([-20, 40, 100, 10], dtype=np.int16)
    np.testing.assert_allclose(window(hu, level=40, width=120), [0.0, 0.5, 1.0, 0.25], rtol=1e-6)


def test_values_outside_a_window_are_clipped():
    hu = np.array([-32768, -1000, 3071, 32767], dtype=np.int16)
    np.testing.assert_array_equal(window(hu, level=40, width=80), [0, 0, 1, 1])


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64])
def test_a_window_is_float32_and_leaves_its_input_alone(dtype):
    hu = np.array([0, 40, 80], dtype=dtype)
    shown = window(hu, level=40, width=80)
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, [0, 0.5, 1])
    np.testing.assert_array_equal(hu, [0, 40, 80])


def test_a_window_without_width_is_refused():
    with pytest.raises(ValueError, match="width"):
        window(np.zeros(3), level=40, width=0)
