import pytest
import torch

from ICHSegmentationLib.inference.resampling import network_shape, resample


def test_pixels_are_resampled_and_thick_slices_stay():
    assert network_shape((28, 512, 512), (5, 0.488, 0.488), (5, 0.518, 0.518)) == (28, 482, 482)
    assert network_shape((28, 512, 512), (7, 0.518, 0.259), (5, 0.518, 0.518)) == (28, 512, 256)


def test_thin_slices_are_joined_in_whole_numbers():
    assert network_shape((160, 512, 512), (1, 0.5, 0.5), (5, 0.5, 0.5)) == (32, 512, 512)
    assert network_shape((2, 8, 8), (1, 0.5, 0.5), (5, 0.5, 0.5)) == (1, 8, 8)


def test_a_fixed_shape_and_the_scans_own_grid_need_no_spacing():
    assert network_shape((31, 512, 512), (5, 0.4, 0.4), None, (16, 256, 256)) == (16, 256, 256)
    assert network_shape((31, 512, 512), (5, 0.4, 0.4), None) == (31, 512, 512)


def test_joining_five_slices_is_close_to_their_mean_and_loses_nothing():
    values = torch.rand(1, 40, 3, 3)
    joined = resample(values, (8, 3, 3))
    assert joined.mean() == pytest.approx(values.mean().item(), abs=0.01)
    single = torch.zeros(1, 40, 3, 3)
    single[0, 17] = 1  # a bright thin slice, which plain interpolation could step over
    assert resample(single, (8, 3, 3)).sum(1).mean() == pytest.approx(0.2, abs=0.01)


def test_there_and_back_keeps_every_place():
    ramp = torch.linspace(0, 1, 32)[None, None, None, :].expand(1, 6, 32, 32)
    there = resample(ramp, (12, 48, 48))
    assert there[0, 0, 0, 0] == pytest.approx(0, abs=0.02) and there[0, 0, 0, -1] == pytest.approx(
        1, abs=0.02
    )
    assert torch.allclose(resample(there, (6, 32, 32)), ramp, atol=0.02)
    assert resample(ramp, (6, 32, 32)).equal(ramp)
