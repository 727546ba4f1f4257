import numpy as np
import pytest
from disturbed_heads import a_scan

from Training.default_model.disturbances import DISTURBANCES, dice_without_halves


@pytest.fixture(scope="module")
def disturbed():
    return {name: disturb(a_scan(), np.random.default_rng(0)) for name, disturb in DISTURBANCES.items()}


def inside(scan):
    """The middle of the blood."""
    return scan.hu[scan.share == 1]


@pytest.mark.parametrize("name", DISTURBANCES)
def test_the_reference_follows_the_scan(disturbed, name):
    scan = disturbed[name]
    higher = {"all HU 7 higher": 7, "all HU 7 lower": -7}.get(name, 0)
    if "noise" not in name and "kernel" not in name:
        blood = (scan.hu > 52.5 + higher) & (scan.hu < 100)  # more than half-way from brain to blood
        assert dice_without_halves(blood & (scan.share > 0), scan.share) > 0.99
    volume = scan.share.sum() * scan.grid.voxel_volume_mm3
    assert volume == pytest.approx(a_scan().share.sum() * 5, rel=0.04)
    assert np.median(inside(scan)) == pytest.approx(70 + higher, abs=1)
    assert scan.ct.voxels.dtype == np.int16


def test_the_scan_as_stored_is_untouched(disturbed):
    assert np.array_equal(disturbed["as stored"].hu, a_scan().hu)


def test_noise_and_kernels_change_what_they_say(disturbed):
    noise = inside(disturbed["noise, SD 6 HU more"]) - 70
    assert noise.std() == pytest.approx(6, rel=0.1)
    fine = inside(disturbed["fine noise, SD 25 HU more"]) - 70
    assert fine.std() == pytest.approx(25, rel=0.1)
    edge = (8, slice(15, 30), 55)  # across the blood's border along the rows
    steepest = {n: np.abs(np.diff(disturbed[n].hu[edge])).max() for n in ("softer kernel", "sharper kernel")}
    assert steepest["softer kernel"] < 35 < steepest["sharper kernel"]


def test_a_turned_head_is_turned_by_ten_degrees(disturbed):
    def angle(scan):
        _, y, x = centre(scan)
        return np.degrees(np.arctan2(y - 49.5, x - 44.5))

    turned = angle(disturbed["rotated by 10°"]) - angle(a_scan())
    assert abs(turned) == pytest.approx(10, abs=0.3)


def centre(scan):
    return np.argwhere(scan.share > 0.5).mean(axis=0)


def test_a_tilted_gantry_gives_a_sheared_grid_with_the_blood_in_its_place(disturbed):
    tilted = disturbed["gantry tilted by 10°"]
    assert tilted.grid.tilt_degrees == pytest.approx(10, abs=1e-6)
    assert tilted.grid.slice_distance == pytest.approx(5 * np.cos(np.radians(10)))
    places = [scan.grid.world(centre(scan)) for scan in (tilted, a_scan())]
    assert places[0] == pytest.approx(places[1], abs=0.5)


def test_slices_become_thicker_and_thinner_where_they_were(disturbed):
    for name, distance, count in (
        ("slices twice as thick", 10, 8),
        ("slices interpolated half-way", 2.5, 31),
    ):
        scan = disturbed[name]
        assert (scan.grid.slice_distance, len(scan.hu)) == (distance, count)
        places = [s.grid.world(centre(s)) for s in (scan, a_scan())]
        assert places[0] == pytest.approx(places[1], abs=2.6)  # half of the blood's last slice


def test_windows_are_narrower_or_opened(disturbed):
    narrow = disturbed["source window 0 to 80 HU"].hu
    assert set(np.unique(narrow)) == {-1000, 35, 70, 1000}
    opened = disturbed["full-range bone and air"].hu
    bone = a_scan().hu == 1000
    assert opened[bone].min() >= 150 and len(np.unique(opened[bone])) > 3
    assert set(np.unique(opened[a_scan().hu == -1000])) == {-1000, -100}
    assert np.array_equal(opened[np.abs(a_scan().hu) < 1000], a_scan().hu[np.abs(a_scan().hu) < 1000])


def test_voxels_that_are_half_blood_count_neither_way():
    share = np.array([[[1.0, 1.0, 0.5, 0.0]]], np.float32)
    assert dice_without_halves(np.array([[[1, 1, 1, 0]]]), share) == 1
    assert dice_without_halves(np.array([[[1, 0, 0, 1]]]), share) == 0.5
    assert dice_without_halves(np.zeros((1, 1, 4)), np.zeros((1, 1, 4))) == 1
