"""What one click outlines: the clot, and nothing that it touches. Truth is what was painted."""

import numpy as np
import pytest
from painted import BONE, CLOT, FALX, THICK, THIN, VESSEL, Painted
from scipy import ndimage

from ICHSegmentationLib.correction import grow_lesion
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.volume import CTVolume

CENTRE = (30.0, 45.0, 45.0)


def whole(piece, shape):
    full = np.zeros(shape, bool)
    full[piece.box] = piece.inside
    return full


def overlap(found, truth):
    """Dice."""
    return 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))


def grown(head, place=CENTRE, marked=None):
    piece = grow_lesion(head.ct, head.index(place), marked)
    return piece, whole(piece, head.clean.shape)


@pytest.mark.parametrize("spacing", [THICK, THIN], ids=["5 mm slices", "1 mm slices"])
@pytest.mark.parametrize("click", [CENTRE, (30.0, 45.0, 53.0), (25.0, 40.0, 40.0)])
def test_a_click_anywhere_in_a_clot_outlines_the_clot(spacing, click):
    head = Painted(spacing)
    clot = head.paint(head.ball(CENTRE, 12), CLOT)
    piece, found = grown(head, click)
    assert not piece.goes_on
    assert overlap(found, clot) > 0.93
    assert piece.volume_ml(head.ct) == pytest.approx(head.ml(found))


def test_the_skull_and_its_partial_volume_stay_out():
    head = Painted()
    clot = head.paint(head.ball((30, 45, 24), 14), CLOT)
    bone = head.paint(head.slab(2, 0, 12), BONE)
    rim = head.paint(head.slab(2, 12, 12.5), 75)  # a mixture that looks like blood by its density
    _, found = grown(head, (30, 45, 24))
    assert not (found & (bone | rim)).any()
    assert overlap(found, clot & ~bone & ~rim) > 0.9


def test_a_falx_that_touches_the_clot_stays_out():
    head = Painted()
    falx = head.paint(head.slab(2, 44, 46.5), FALX)
    clot = head.paint(head.ball((30, 45, 55), 10), CLOT)
    _, found = grown(head, (30, 45, 55))
    assert overlap(found, clot) > 0.93
    far = falx & ~head.ball((30, 45, 55), 14)
    assert not (found & far).any()


def test_a_vessel_that_leaves_the_clot_stays_out():
    head = Painted(THIN)
    tube = (head.places[0] - 30) ** 2 + (head.places[1] - 45) ** 2 <= 1.5**2
    head.paint(np.broadcast_to(tube, head.clean.shape), VESSEL)
    clot = head.paint(head.ball(CENTRE, 9), CLOT)
    _, found = grown(head)
    assert overlap(found, clot) > 0.93
    assert not (found & ~head.ball(CENTRE, 13)).any()


def test_thin_blood_is_followed_only_over_a_short_distance():
    head = Painted()
    sheet = head.paint(head.slab(2, 44, 46.5), CLOT)
    piece, found = grown(head, (30, 45, 45))
    assert found.any()
    assert piece.goes_on
    assert not (found & ~head.ball((30, 45, 45), 24)).any()
    assert overlap(found, sheet & head.ball((30, 45, 45), 20)) > 0.6


def test_a_region_without_an_end_is_refused_and_not_cut_off_somewhere():
    head = Painted((5, 1, 1), (60, 180, 180))
    head.clean[:] = CLOT
    with pytest.raises(InputError, match="no clear border"):
        grown(head, (30, 90, 90))


def test_a_region_larger_than_any_lesion_missed_is_refused():
    head = Painted((5, 1, 1), (120, 120, 120))
    head.paint(head.ball((60, 60, 60), 40), CLOT)  # 268 mL, and well within reach
    with pytest.raises(InputError, match="no clear border"):
        grown(head, (60, 60, 60))


def test_a_leak_into_slightly_dense_tissue_is_stopped_by_a_higher_border():
    head = Painted((5, 1, 1), (60, 180, 180))
    head.clean[:] = 51
    clot = head.paint(head.ball((30, 90, 90), 15), 66)
    _, found = grown(head, (30, 90, 90))
    assert overlap(found, clot) > 0.9


@pytest.mark.parametrize("along", [20, 95, 165])
def test_a_long_thick_sheet_is_outlined_from_end_to_end_wherever_the_click(along):
    head = Painted((5, 1, 1), (60, 190, 60))
    sheet = head.paint(head.slab(2, 20, 29) & head.slab(1, 10, 180) & head.slab(0, 10, 50), CLOT)
    _, found = grown(head, (30, along, 24))
    assert found[head.index((30, along, 24))]
    assert overlap(found, sheet) > 0.9


def test_a_long_sheet_from_which_much_of_its_density_leads_on_is_refused():
    head = Painted((5, 1, 1), (60, 190, 60))
    head.paint(head.slab(2, 20, 29) & head.slab(1, 10, 180) & head.slab(0, 10, 50), CLOT)
    for row in range(20, 180, 10):
        head.paint(head.slab(1, row, row + 2.5) & head.slab(2, 29, 50), CLOT)
    with pytest.raises(InputError, match="no clear border"):
        grown(head, (30, 95, 24))


def test_a_marked_lesion_beside_the_click_stays_as_it_is():
    head = Painted()
    clot = head.paint(head.ball(CENTRE, 12), CLOT)
    marked = (clot & head.slab(2, 0, 45)).astype(np.uint8)
    _, found = grown(head, (30, 45, 51), marked)
    assert not (found & (marked > 0)).any()
    assert overlap(found, clot & (marked == 0)) > 0.85


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((30, 45, 80), "found 3. HU"),
        ((30, 45, 5), "bone or its border"),
        ((30, 45, 45), "already marked"),
        ((300, 45, 45), "outside the scan"),
    ],
    ids=["brain", "skull", "a marked lesion", "outside"],
)
def test_a_click_on_what_is_no_new_blood_is_answered_with_a_sentence(place, sentence):
    head = Painted(noise=0)
    clot = head.paint(head.ball(CENTRE, 12), CLOT)
    head.paint(head.slab(2, 0, 10), BONE)
    with pytest.raises(InputError, match=sentence) as raised:
        grown(head, place, clot.astype(np.uint8))
    assert raised.value.hint


def test_the_outline_is_the_same_however_the_scan_is_stored():
    head = Painted(THIN, (40, 60, 70))
    head.paint(head.ball((20, 30, 30), 9), CLOT)
    ct = head.ct
    _, found = grown(head, (20, 30, 30))
    turned = type(ct)(ct.voxels.transpose(2, 0, 1), ct.affine[:, [1, 2, 0, 3]])
    s, r, c = head.index((20, 30, 30))
    piece = grow_lesion(turned, (c, s, r))
    assert np.array_equal(whole(piece, turned.voxels.shape), found.transpose(2, 0, 1))


def test_where_slices_lie_unevenly_they_count_by_their_own_distances():
    head = Painted((2.5, 0.5, 0.5), (225, 60, 60))
    clot = head.paint(head.ball((30, 30, 30), 24), CLOT)
    kept = np.array([*range(24), *range(24, 90, 3)])  # 7.5 mm between most slices, 2.5 mm in the clot
    affine = np.diag([0.5, 0.5, 7.5, 1.0])
    uneven = CTVolume(head.ct.voxels[kept], affine, slice_positions_mm=2.5 * kept)
    marked = np.zeros(uneven.voxels.shape, np.uint8)
    marked[30:] = 1
    piece = grow_lesion(uneven, (12, 60, 60), marked)
    assert overlap(whole(piece, uneven.voxels.shape), clot[kept]) > 0.93
    assert piece.volume_ml(uneven) == pytest.approx(head.ml(clot), rel=0.05)


def test_a_click_into_a_real_clot_finds_it(shared_data):
    ct = read_ct(shared_data / "phe_sich" / "0001_ct.nii.gz")
    drawn = read_mask(shared_data / "phe_sich" / "0001_ich_silver.nii.gz").voxels > 0
    inside = np.argwhere(ndimage.binary_erosion(drawn, np.ones((1, 5, 5))))
    for seed in inside[:: len(inside) // 3]:
        found = whole(grow_lesion(ct, tuple(int(i) for i in seed)), drawn.shape)
        assert overlap(found, drawn) > 0.8
        assert ct.voxels[found].max() < 150
