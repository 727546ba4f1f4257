"""A head that moved by a known amount is found where it went."""

import numpy as np
import pytest
from moved_heads import LPS, distance, first_scan, motion, rescanned
from scipy.spatial.transform import Rotation

from ICHSegmentationLib.comparison import register
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.volume import CTVolume

OBLIQUE = Rotation.from_euler("xyz", (14, -9, 20), degrees=True).as_matrix() @ LPS
TILTED = LPS.copy()
TILTED[:, 2] = (0, np.tan(np.radians(18)), 1)

SECOND_SCANS = {
    "much turned and far away": ((18, -12, 25), (35, -30, 25), LPS, (44, 150, 140), (2.2, 2.0, 5.0)),
    "flipped storage": ((-5, 3, -8), (-6, 9, -4), np.diag([1.0, 1.0, -1.0]), (30, 112, 100), (2.2, 2.0, 5.0)),
    "oblique and anisotropic": ((6, 2, -7), (3, 5, -8), OBLIQUE, (60, 150, 90), (3.0, 1.7, 3.2)),
    "tilted gantry": ((-4, 5, 6), (4, 4, 3), TILTED, (36, 130, 100), (2.2, 2.0, 5.0)),
}


@pytest.mark.parametrize("name", SECOND_SCANS)
def test_a_moved_head_is_found_within_a_degree_and_a_millimetre(name):
    degrees, shift, axes, shape, spacing = SECOND_SCANS[name]
    phantom = first_scan()
    moved = motion(phantom.ct, degrees, shift)
    second, _ = rescanned((phantom.ct, phantom.mask), moved, axes, shape, spacing)
    found = register(phantom.ct, second)
    angle, far = distance(found.second_to_first, moved, phantom.ct)
    assert angle < 1.0
    assert far < 1.0
    assert found.trusted
    assert found.rotation_degrees == pytest.approx(
        np.degrees(Rotation.from_matrix(moved[:3, :3]).magnitude()), abs=1.0
    )


def test_the_upper_part_of_a_head_is_found_on_the_whole():
    phantom = first_scan()
    moved = motion(phantom.ct, (5, 3, -6), (5, 5, 10))
    second, _ = rescanned((phantom.ct, phantom.mask), moved, LPS, (30, 112, 100), (2.2, 2.0, 5.0))
    affine = np.array(second.affine)
    affine[:3, 3] = second.grid.world(np.array([9, 0, 0]))
    found = register(phantom.ct, CTVolume(second.voxels[9:], affine))
    angle, far = distance(found.second_to_first, moved, phantom.ct)
    assert angle < 2.0
    assert far < 3.0
    assert found.overlap < 0.9


def test_what_is_seen_of_a_head_is_told_with_the_scan_that_shows_it():
    phantom = first_scan()
    cut = CTVolume(phantom.ct.voxels[:, 22:-22, 20:-20], phantom.ct.affine)
    assert register(phantom.ct, phantom.ct).warnings == ()
    told = register(phantom.ct, cut).warnings
    assert told
    assert all(warning.startswith("Second scan: ") for warning in told)


def test_the_heads_of_two_people_fit_worse_than_two_scans_of_one():
    other = make_phantom(11, None, None, (30, 112, 100), (5.0, 2.0, 2.2))
    assert register(first_scan().ct, other.ct).likeness < 0.9


def test_scans_of_a_head_too_thin_to_have_an_inside_are_laid_over_each_other():
    hu = np.full((20, 100, 90), -1000, np.int16)
    hu[:, 20:80, 42:47] = 35
    hu[5:12, 30:40, 42:47] = 60
    thin = CTVolume(hu, np.diag([-2.0, -2.0, 5.0, 1.0]))
    found = register(thin, thin)
    assert found.overlap > 0.9
    assert np.abs(found.second_to_first - np.eye(4)).max() < 0.1
    assert any("skull was not found" in warning for warning in found.warnings)


def test_one_slice_is_too_flat_to_be_laid_over_a_head():
    phantom = first_scan()
    slice_ = CTVolume(phantom.ct.voxels[15:16], phantom.ct.affine)
    with pytest.raises(InputError, match="deep"):
        register(phantom.ct, slice_)
