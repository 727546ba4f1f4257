import numpy as np
import pytest
from scipy import ndimage

from ICHSegmentationLib.errors import InputError, UnknownLabelError
from ICHSegmentationLib.labels import SUBTYPES, label_named
from ICHSegmentationLib.phantom import make_phantom

VOLUMES = {
    "intraparenchymal": 30.0,
    "intraventricular": 8.0,
    "subarachnoid": 20.0,
    "subdural": 60.0,
    "epidural": 40.0,
}


@pytest.fixture(scope="module")
def a_slab():
    """The upper half of a head without hemorrhage, down to the ventricles."""
    return make_phantom(11, None, shape=(17, 212, 212), spacing=(5.0, 1.0, 1.0)).ct


def brain_of(ct):
    """What the skull encloses in the planes above its base, found by filling holes."""
    bone = ct.voxels > 300
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in bone])
    return filled & ~ndimage.binary_dilation(bone, iterations=2)


@pytest.mark.parametrize("subtype", VOLUMES)
def test_the_mask_has_the_volume_asked_for_and_the_label_of_its_subtype(a_phantom, subtype):
    phantom = a_phantom(subtype, VOLUMES[subtype])
    voxels = phantom.mask.voxels
    assert set(np.unique(voxels)) == {0, label_named(subtype).value}
    measured = np.count_nonzero(voxels) * 10.0 * 2.0 * 2.0 / 1000
    assert measured == pytest.approx(VOLUMES[subtype], rel=0.05)
    assert phantom.volume_ml == pytest.approx(measured)


@pytest.mark.parametrize("seed", [3, 4])
def test_subarachnoid_blood_has_the_density_that_is_measured_on_scans(seed):
    """45 to 60 HU, although every slice averages it with what lies above and below."""
    phantom = make_phantom(seed, "subarachnoid", 10.0, shape=(17, 212, 212), spacing=(5.0, 1.0, 1.0))
    blood = phantom.ct.voxels[phantom.mask.voxels > 0]
    assert 50 < np.median(blood) < 58


@pytest.mark.parametrize("subtype", ["epidural", "subdural"])
def test_where_bone_outshines_the_blood_the_mask_ends(subtype):
    """Near the vertex thick slices average the blood on the table with the bone above it."""
    phantom = make_phantom(305, subtype, 13.0, shape=(17, 212, 212), spacing=(5.0, 1.0, 1.0))
    shown = phantom.ct.voxels[phantom.mask.voxels > 0]
    assert np.mean(shown > 100) < 0.01
    assert phantom.volume_ml == pytest.approx(13.0, rel=0.05)


def test_a_head_without_hemorrhage_has_an_empty_mask_on_the_grid_of_the_ct(a_phantom):
    phantom = a_phantom(None)
    assert not phantom.mask.voxels.any()
    assert phantom.volume_ml == 0
    phantom.ct.require_same_grid(phantom.mask)


def test_the_same_seed_gives_the_same_scan_and_another_seed_another(a_phantom):
    first = a_phantom("epidural", 40.0)
    again = make_phantom(3, "epidural", 40.0, first.ct.voxels.shape, first.ct.grid.spacing)
    assert np.array_equal(first.ct.voxels, again.ct.voxels)
    assert np.array_equal(first.mask.voxels, again.mask.voxels)
    assert not np.array_equal(first.ct.voxels, a_phantom(None, None, 4).ct.voxels)


def test_the_skull_is_closed_around_the_brain_in_every_slice_of_the_vault(a_slab):
    brain = brain_of(a_slab)
    vault = a_slab.voxels[3:8]
    for plane, inside in zip(vault, brain[3:8], strict=True):
        assert inside.sum() > 8000  # mm²: a head's cross-section
        outside, _ = ndimage.label(plane <= 300)
        assert outside[0, 0] not in np.unique(outside[inside])


def test_air_lies_outside_and_the_densities_stay_in_the_range_of_a_scanner(a_slab):
    corners = a_slab.voxels[:, :8, :8]
    assert np.abs(corners.mean() + 1000) < 8
    assert a_slab.voxels.dtype == np.int16
    assert a_slab.voxels.min() >= -1024
    assert 900 < a_slab.voxels.max() <= 3071


def test_tissues_have_the_densities_that_patients_have(a_slab):
    brain = brain_of(a_slab)
    slices = slice(1, 9)
    values = ndimage.gaussian_filter(a_slab.voxels.astype(float), (0, 1.5, 1.5))[slices][brain[slices]]
    matter = values[(values > 24) & (values < 46)]
    low, middle, high = np.percentile(matter, [10, 50, 90])
    assert 28 <= low <= 34  # white matter 31±3
    assert 35 <= high <= 41  # grey matter 38±3
    assert low < middle < high
    fluid = np.sort(values)[: values.size // 300]
    assert -4 <= fluid.mean() <= 12  # CSF 5±4


def test_the_noise_is_that_of_a_five_mm_slice_and_neighbours_are_correlated():
    thick = make_phantom(1, None, shape=(3, 224, 224), spacing=(5.0, 1.0, 1.0)).ct.voxels
    air = thick[:, :30, :30].astype(float)
    residual = air - air.mean()
    assert 2 < residual.std() < 8
    beside = np.mean(residual[:, :, 1:] * residual[:, :, :-1]) / residual.var()
    assert beside > 0.5


def test_thinner_slices_are_noisier():
    thick = make_phantom(1, None, shape=(2, 96, 96), spacing=(5.0, 1.0, 1.0)).ct.voxels
    thin = make_phantom(1, None, shape=(2, 96, 96), spacing=(1.25, 1.0, 1.0)).ct.voxels
    ratio = thin[:, :10, :10].std() / thick[:, :10, :10].std()
    assert ratio == pytest.approx(2.0, rel=0.35)


def test_the_affine_is_canonical_and_centred(a_phantom):
    grid = a_phantom(None).ct.grid
    step = grid.affine[:3, :3]
    assert np.allclose(step, np.diag([-2.0, -2.0, 10.0]))
    assert np.allclose(grid.world(np.array([7.5, 55.5, 55.5])), 0)


def test_a_tilted_scan_has_a_sheared_grid_and_keeps_the_volume():
    phantom = make_phantom(3, "intraparenchymal", 30.0, (16, 112, 112), (10.0, 2.0, 2.0), tilt_degrees=20)
    assert phantom.ct.grid.tilt_degrees == pytest.approx(20, abs=1e-6)
    assert phantom.ct.grid.spacing == pytest.approx((10.0, 2.0, 2.0))
    measured = np.count_nonzero(phantom.mask.voxels) * phantom.ct.grid.voxel_volume_mm3 / 1000
    assert measured == pytest.approx(30.0, rel=0.08)
    blood = phantom.ct.voxels[phantom.mask.voxels > 0].mean()
    assert blood > 40


def test_the_head_stands_still_in_space_when_the_grid_is_tilted(a_phantom):
    """The head's centre moves along the rows of a sheared grid, and not in patient coordinates."""
    upright = a_phantom(None).ct
    tilted = make_phantom(3, None, None, (16, 112, 112), (10.0, 2.0, 2.0), tilt_degrees=20).ct
    for k in (8, 12):
        middles = []
        for ct in (upright, tilted):
            rows = np.flatnonzero((ct.voxels[k] > 300).any(axis=1))
            middles.append(ct.grid.world(np.array([k, rows[[0, -1]].mean(), 56]))[1])
        assert middles[0] == pytest.approx(middles[1], abs=6)


def test_a_calcified_spot_is_denser_than_any_blood():
    """Two of three people have calcified choroid plexus, 71 % a calcified pineal gland."""

    def densest(seed):
        ct = make_phantom(seed, None, shape=(22, 112, 112), spacing=(5.0, 2.0, 2.0)).ct
        brain = ndimage.binary_erosion(brain_of(ct), np.ones((1, 9, 9)))
        return ct.voxels[3:12][brain[3:12]].max()

    assert any(densest(seed) > 80 for seed in range(4))


@pytest.mark.parametrize("subtype", [label.id for label in SUBTYPES])
def test_blood_is_denser_than_the_same_place_without_it(a_phantom, subtype):
    bled, clear = a_phantom(subtype, VOLUMES[subtype]), a_phantom(None)
    inside = bled.mask.voxels > 0
    assert bled.ct.voxels[inside].mean() > clear.ct.voxels[inside].mean() + 5


def test_an_unknown_subtype_a_volume_of_zero_and_a_wild_tilt_are_refused():
    small = {"shape": (4, 32, 32), "spacing": (10.0, 6.0, 6.0)}
    with pytest.raises(UnknownLabelError):
        make_phantom(0, "stroke", **small)
    with pytest.raises(InputError, match="subtype"):
        make_phantom(0, "hemorrhage", **small)
    with pytest.raises(InputError, match="volume"):
        make_phantom(0, "subdural", 0.0, **small)
    with pytest.raises(InputError, match="tilt"):
        make_phantom(0, None, tilt_degrees=60, **small)
