import numpy as np
import pytest

from ICHSegmentationLib.phantom.noise_fields import NoiseInSpace, smooth_noise


def test_smooth_noise_has_mean_zero_and_unit_variance():
    field = smooth_noise((40, 90, 90), (2.0, 1.0, 1.0), 5.0, np.random.default_rng(0))
    assert field.shape == (40, 90, 90)
    assert abs(field.mean()) < 0.1
    assert field.std() == pytest.approx(1, abs=0.1)


def test_smooth_noise_varies_over_its_scale_in_mm_whatever_the_spacing():
    field = smooth_noise((20, 200, 100), (5.0, 0.5, 1.0), 10.0, np.random.default_rng(1))
    one_mm_down = np.abs(np.diff(field[:, ::2], axis=1)).mean()
    one_mm_across = np.abs(np.diff(field, axis=2)).mean()
    assert one_mm_down == pytest.approx(one_mm_across, rel=0.15)
    assert one_mm_down < 0.3


def test_noise_in_space_is_the_same_on_every_grid():
    noise = NoiseInSpace(6.0, np.random.default_rng(2), reach_mm=50)
    fine = noise.on(3.0, np.arange(-20, 20, 0.5), np.arange(-30, 30, 0.5))
    coarse = noise.on(3.0, np.arange(-20, 20, 2.0), np.arange(-30, 30, 2.0))
    assert np.allclose(fine[::4, ::4], coarse, atol=1e-5)
