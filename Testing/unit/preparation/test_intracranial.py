import numpy as np
import pytest
from painted_heads import AIR, SCALP, painted_head
from scipy import ndimage

from ICHSegmentationLib.preparation.intracranial import bounding_box, intracranial_region


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def share_inside(part, region):
    return np.count_nonzero(part & region) / np.count_nonzero(part)


def require_the_inside(head, at_least=0.98):
    found = intracranial_region(head.hu, head.spacing)
    assert found.warnings == ()
    assert found.mask.dtype == bool and found.mask.shape == head.hu.shape
    assert dice(found.mask, head.inside) >= at_least
    return found.mask


@pytest.fixture
def a_head():
    return painted_head()


def test_the_region_is_the_inside_of_the_skull(a_head):
    mask = require_the_inside(a_head)
    wide = np.abs(a_head.z) < 60  # the cap of the skull is thinner than a slice there
    assert share_inside(a_head.inside & wide, mask) >= 0.999
    assert not (mask & ~a_head.inside & ~a_head.skull()).any()


def test_an_epidural_clot_on_the_inner_table_is_inside(a_head):
    clot = a_head.paint_epidural()
    assert share_inside(clot, require_the_inside(a_head)) >= 0.999


def test_an_epidural_clot_is_inside_where_bone_and_fat_are_clipped(a_head):
    clot = a_head.paint_epidural()
    a_head.hu[a_head.hu > 100] = 1000
    a_head.hu[a_head.hu < -20] = -1000
    assert share_inside(clot, require_the_inside(a_head)) >= 0.999


def test_a_calcification_inside_does_not_make_a_hole(a_head):
    spot = np.sqrt(a_head.z**2 + a_head.y**2 + a_head.x**2) < 8
    a_head.paint(spot, 1000)
    assert share_inside(spot, require_the_inside(a_head)) == 1


def test_a_table_and_a_head_holder_stay_outside(a_head):
    a_head.paint((a_head.y > 104) & (a_head.y < 108), 300)
    holder = np.hypot(a_head.y / 97, a_head.x / 79)
    a_head.paint((holder > 1) & (holder < 1.05) & (a_head.y > 20), 1000)
    require_the_inside(a_head)


def test_a_tilted_gantry_shifts_the_slices_and_not_the_region(a_head):
    for k in range(len(a_head.hu)):
        shift = round((k - 17) * 5 * np.tan(np.radians(20)))
        a_head.hu[k] = np.roll(a_head.hu[k], shift, axis=0)
        a_head.inside[k] = np.roll(a_head.inside[k], shift, axis=0)
    require_the_inside(a_head, at_least=0.97)


@pytest.mark.parametrize("shown", [slice(0, 22), slice(12, None), slice(10, 24)])
def test_a_head_that_is_cut_off_by_the_first_or_last_slice_is_found(a_head, shown):
    part = a_head.slices(shown)
    require_the_inside(part)


def test_one_slice_is_enough(a_head):
    require_the_inside(a_head.slices(slice(17, 18)))


def test_a_brain_under_a_craniectomy_is_inside(a_head):
    gap = (a_head.x < -40) & (np.abs(a_head.y) < 45) & (np.abs(a_head.z) < 40)
    a_head.paint(gap & a_head.skull(), SCALP)
    clot = a_head.paint_epidural()
    mask = intracranial_region(a_head.hu, a_head.spacing).mask
    assert share_inside(clot, mask) >= 0.999
    assert share_inside(a_head.inside, mask) >= 0.99
    assert dice(mask, a_head.inside) >= 0.94


def test_a_brain_under_a_craniectomy_that_every_slice_shows_is_inside(a_head):
    a_head.paint((a_head.x < -40) & (np.abs(a_head.y) < 45) & a_head.skull(), SCALP)
    found = intracranial_region(a_head.hu, a_head.spacing)
    assert share_inside(a_head.inside, found.mask) >= 0.97
    assert "The skull is open" in found.warnings[0]


def test_a_brain_under_half_a_skull_is_inside_and_it_is_told(a_head):
    a_head.paint((a_head.x < -25) & (np.abs(a_head.y) < 65) & (a_head.z > -20) & a_head.skull(), SCALP)
    found = intracranial_region(a_head.hu, a_head.spacing)
    assert share_inside(a_head.inside, found.mask) >= 0.97
    assert dice(found.mask, a_head.inside) >= 0.9
    assert "The skull is open" in found.warnings[0]


@pytest.mark.parametrize("shown", [np.s_[:, :, 70:], np.s_[:, :, :-70], np.s_[:, 80:], np.s_[:, :-80]])
def test_a_head_that_the_edge_of_the_pictures_cuts_off_is_inside(a_head, shown):
    inside = a_head.inside[shown]
    mask = intracranial_region(a_head.hu[shown], a_head.spacing).mask
    assert share_inside(inside, mask) >= 0.97
    assert dice(mask, inside) >= 0.97


def test_a_fracture_gap_does_not_let_the_region_out(a_head):
    a_head.paint((a_head.x < -40) & (np.abs(a_head.y) < 7) & a_head.skull(), SCALP)
    mask = require_the_inside(a_head)
    assert share_inside(a_head.inside & (np.abs(a_head.z) < 60), mask) >= 0.995


def test_a_metal_plate_and_its_streaks_do_not_break_the_region(a_head):
    plate = (a_head.x < -62) & (np.abs(a_head.y) < 15) & (np.abs(a_head.z) < 12) & a_head.skull()
    a_head.paint(plate, 3071)
    a_head.paint((np.abs(a_head.y) < 2) & (np.abs(a_head.z) < 6) & a_head.inside, 160)
    require_the_inside(a_head)


def test_a_collection_with_air_bubbles_on_the_inner_table_stays_inside(a_head):
    clot = a_head.paint_epidural()
    bubbles = (np.abs(a_head.y % 12 - 6) < 3) & (np.abs(a_head.x + 58) < 3)
    a_head.paint(clot & bubbles, AIR)
    mask = intracranial_region(a_head.hu, a_head.spacing).mask
    assert share_inside(clot & (a_head.hu != AIR), mask) >= 0.999


def test_air_in_a_sinus_is_not_inside(a_head):
    sinus = np.sqrt(a_head.z**2 + (a_head.y + 80) ** 2 + a_head.x**2) < 14
    wall = ndimage.binary_dilation(sinus, iterations=3)
    a_head.paint(wall, 800)
    a_head.paint(sinus, AIR)
    mask = intracranial_region(a_head.hu, a_head.spacing).mask
    assert share_inside(sinus, mask) < 0.02


@pytest.mark.parametrize("spacing, scale", [((0.5, 1.0, 1.0), 0.9), ((0.5, 0.5, 0.5), 0.5)])
def test_thin_slices_are_followed(spacing, scale):
    head = painted_head(spacing, scale, noise=8.0)
    clot = head.paint_epidural()
    mask = require_the_inside(head, at_least=0.97)
    assert share_inside(clot, mask) >= 0.999


def test_unequal_rows_and_columns_are_measured_in_mm():
    head = painted_head(spacing=(4.0, 0.6, 1.7))
    assert share_inside(head.paint_epidural(), require_the_inside(head)) >= 0.999


def test_a_head_without_a_visible_skull_loses_its_shell_and_says_so(a_head):
    a_head.hu[a_head.skull()] = SCALP
    found = intracranial_region(a_head.hu, a_head.spacing)
    assert "skull was not found" in found.warnings[0]
    assert share_inside(a_head.inside, found.mask) >= 0.98
    assert not found.mask[a_head.hu == AIR].any()


def test_a_volume_of_air_has_no_inside():
    found = intracranial_region(np.full((4, 40, 40), AIR, np.int16), (5.0, 2.0, 2.0))
    assert not found.mask.any()
    assert len(found.warnings) == 1


def test_float_voxels_give_the_region_of_whole_ones(a_head):
    whole = intracranial_region(a_head.hu, a_head.spacing).mask
    floats = intracranial_region(a_head.hu.astype(np.float32), a_head.spacing).mask
    np.testing.assert_array_equal(whole, floats)


def test_the_bounding_box_holds_the_mask_and_its_margin():
    mask = np.zeros((20, 50, 60), bool)
    mask[5:8, 10:20, 30] = True
    assert bounding_box(mask, 0.0, (5.0, 1.0, 0.5)) == (slice(5, 8), slice(10, 20), slice(30, 31))
    assert bounding_box(mask, 6.0, (5.0, 1.0, 0.5)) == (slice(3, 10), slice(4, 26), slice(18, 43))


def test_the_bounding_box_ends_with_the_array():
    mask = np.ones((2, 3, 4), bool)
    assert bounding_box(mask, 50.0, (5.0, 1.0, 1.0)) == (slice(0, 2), slice(0, 3), slice(0, 4))


def test_the_bounding_box_of_an_empty_mask_is_everything():
    mask = np.zeros((2, 3, 4), bool)
    assert bounding_box(mask, 0.0, (5.0, 1.0, 1.0)) == (slice(0, 2), slice(0, 3), slice(0, 4))
