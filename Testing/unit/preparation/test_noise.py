import numpy as np
import pytest
from scipy import ndimage

from ICHSegmentationLib.preparation.noise import CALM_HU, MOST_NOISE_HU, calmed

SPACING = (5.0, 0.5, 0.5)


def head(depth=6, size=256, brain_hu=32):
    """``[D, H, W]``: brain in a ring of bone in air, and the inside of the ring."""
    y, x = np.mgrid[:size, :size] - size / 2
    radius = np.hypot(y, x)
    plane = np.where(radius < 100, brain_hu, np.where(radius < 112, 1000, -1000))
    hu = np.repeat(plane[None], depth, 0).astype(np.int16)
    return hu, np.repeat((radius < 100)[None], depth, 0)


def noisy(hu, sd, grain=0.0, seed=0):
    noise = np.random.default_rng(seed).standard_normal(hu.shape)
    if grain:
        noise = ndimage.gaussian_filter(noise, (0, grain, grain))
    return np.rint(hu + noise * sd / noise.std()).astype(np.int16)


def test_a_scan_of_ordinary_noise_stays_the_very_same_array():
    hu, inside = head()
    hu = noisy(hu, 4)
    assert calmed(hu, inside, SPACING, 5.0).hu is hu


@pytest.mark.parametrize("sd", [8, 15, 30])
def test_white_noise_is_measured(sd):
    hu, inside = head()
    assert calmed(noisy(hu, sd), inside, SPACING, 5.0).noise_hu == pytest.approx(sd, rel=0.1)


@pytest.mark.parametrize(("sd", "grain"), [(8, 0), (20, 0), (12, 1.0)])
def test_a_noisy_scan_is_smoothed_until_its_noise_is_ordinary(sd, grain):
    hu, inside = head()
    calm = calmed(noisy(hu, sd, grain), inside, SPACING, 5.0)
    brain = ndimage.binary_erosion(inside[3], iterations=12)
    fine = calm.hu[3] - ndimage.gaussian_filter(calm.hu[3].astype(float), 3)
    assert calm.sigma_mm > 0
    assert fine[brain].std() < CALM_HU + 0.5 < MOST_NOISE_HU


def test_no_more_is_smoothed_than_is_needed():
    hu, inside = head()
    less, more = (calmed(noisy(hu, sd), inside, SPACING, 5.0).sigma_mm for sd in (8, 30))
    assert 0 < less < more


def test_bone_and_air_stay_and_do_not_fade_into_the_brain():
    hu, inside = head()
    calm = calmed(noisy(hu, 20), inside, SPACING, 5.0)
    edge = inside[3] & ~ndimage.binary_erosion(inside[3], iterations=8)
    assert abs(calm.hu[:, edge].mean() - 32) < 1
    outside = ~inside
    np.testing.assert_array_equal(calm.hu[outside], noisy(hu, 20)[outside])


def test_a_large_bright_lesion_keeps_its_density_and_its_place():
    hu, inside = head()
    hu[:, 120:160, 120:160] = 65
    calm = calmed(noisy(hu, 15), inside, SPACING, 5.0)
    bright = (calm.hu > 48) & inside
    assert abs(calm.hu[:, 130:150, 130:150].mean() - 65) < 1
    lesion = hu == 65
    assert 2 * (bright & lesion).sum() / (bright.sum() + lesion.sum()) > 0.9


def test_thin_slices_are_judged_in_slabs_as_thick_as_the_networks_slices():
    hu, inside = head(depth=40)
    thin = calmed(noisy(hu, 8), inside, (0.625, 0.5, 0.5), 5.0)
    assert thin.noise_hu == pytest.approx(8 / np.sqrt(8), rel=0.1)
    assert thin.sigma_mm == 0


def test_a_reader_is_told_of_a_noisy_scan_alone():
    hu, inside = head()
    assert calmed(noisy(hu, 6), inside, SPACING, 5.0).warnings == ()
    (sentence,) = calmed(noisy(hu, 20), inside, SPACING, 5.0).warnings
    assert "20 HU in the brain" in sentence


def test_a_scan_without_brain_stays_as_it_is():
    hu = noisy(np.full((3, 64, 64), -1000, np.int16), 20)
    assert calmed(hu, np.zeros(hu.shape, bool), SPACING, 5.0).hu is hu
