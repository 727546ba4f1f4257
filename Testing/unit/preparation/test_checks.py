import re

import numpy as np
import pytest
from painted_heads import BRAIN, painted_head

from ICHSegmentationLib.errors import NoHeadError, NonFiniteError, NotHounsfieldError
from ICHSegmentationLib.preparation.checks import check_ct, limits_of_search, unusual_density
from ICHSegmentationLib.volume import CTVolume


@pytest.fixture
def a_head():
    return painted_head(spacing=(5.0, 2.0, 2.0))


def affine_of(spacing):
    return np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])


def ct(voxels, spacing=(5.0, 2.0, 2.0), affine=None, **more):
    return CTVolume(voxels, affine_of(spacing) if affine is None else affine, **more)


def turned_about_the_left_right_axis(degrees, spacing=(5.0, 2.0, 2.0)):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    return turn @ affine_of(spacing)


def test_an_ordinary_head_brings_no_warning(a_head):
    assert check_ct(ct(a_head.hu)) == []
    assert check_ct(ct(a_head.hu.astype(np.float32))) == []


def test_a_brain_of_unusual_density_is_told(a_head):
    assert unusual_density(ct(a_head.hu)) == []
    for higher in (-16, 16):
        (warning,) = unusual_density(ct((a_head.hu + higher).astype(np.int16)))
        measured, lowest, highest = (int(number) for number in re.findall(r"\d+", warning))
        assert measured == pytest.approx(BRAIN + higher, abs=2)
        assert (lowest, highest) == (22, 44)
    assert unusual_density(ct(np.full_like(a_head.hu, -1000))) == []  # no skull, told elsewhere


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_no_number_is_refused(a_head, bad):
    voxels = a_head.hu.astype(np.float32)
    voxels[3, 51, 7] = bad
    with pytest.raises(NonFiniteError, match="found 1 "):
        check_ct(ct(voxels))


def test_a_volume_of_air_is_refused():
    air = np.random.default_rng(0).normal(-1000, 20, (20, 60, 60)).astype(np.int16)
    with pytest.raises(NoHeadError, match="air"):
        check_ct(ct(air))


@pytest.mark.parametrize("value", [-1000, 0, 40])
def test_a_volume_of_one_value_is_refused(value):
    with pytest.raises(NoHeadError, match="single value"):
        check_ct(ct(np.full((20, 60, 60), value, np.int16)))


def test_a_table_without_a_head_is_refused():
    voxels = np.full((20, 100, 100), -1000, np.int16)
    voxels[:, 80:82, 20:40] = 200
    with pytest.raises(NoHeadError):
        check_ct(ct(voxels))


@pytest.mark.parametrize("offset", [1024, 1000])
def test_stored_values_without_rescale_are_refused(a_head, offset):
    stored = np.clip(a_head.hu.astype(int) + offset, 0, 4095).astype(np.uint16)
    with pytest.raises(NotHounsfieldError, match="rescale"):
        check_ct(ct(stored))


def test_stored_values_with_negative_padding_are_refused(a_head):
    stored = (a_head.hu + 1024).astype(np.int16)
    stored[:, :4] = -2000
    with pytest.raises(NotHounsfieldError, match="rescale"):
        check_ct(ct(stored))


def test_an_eight_bit_picture_is_refused(a_head):
    grey = (np.clip((a_head.hu - 0) / 80, 0, 1) * 255).astype(np.uint8)
    with pytest.raises(NotHounsfieldError, match="8-bit"):
        check_ct(ct(grey))


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-1.0, 1.0)])
def test_values_scaled_for_a_network_are_refused(a_head, low, high):
    share = np.clip((a_head.hu + 1000) / 2000, 0, 1)
    with pytest.raises(NotHounsfieldError, match="scaled"):
        check_ct(ct((low + share * (high - low)).astype(np.float32)))


def test_scans_rebuilt_from_a_window_pass(a_head):
    clipped = a_head.hu.copy()
    clipped[clipped > 100] = 1000
    clipped[clipped < -20] = -1000
    assert check_ct(ct(clipped)) == []


@pytest.mark.parametrize("window", [(0, 80), (-20, 100), (-100, 300), (0, 3000)])
def test_scans_cut_to_a_window_in_hu_pass(a_head, window):
    assert check_ct(ct(np.clip(a_head.hu, *window))) == []


def test_a_brain_without_its_skull_passes(a_head):
    brain = np.where(a_head.inside, np.maximum(a_head.hu, 0), 0)
    assert check_ct(ct(brain)) == []


def test_thick_slices_are_named(a_head):
    warnings = check_ct(ct(a_head.hu[::2], spacing=(10.0, 2.0, 2.0)))
    assert [w for w in warnings if "10.0 mm apart" in w]


@pytest.mark.parametrize("filling", [-1000, -3024, 0])
def test_slices_and_rims_that_show_nothing_hide_no_missing_part(a_head, filling):
    half = a_head.hu.copy()
    half[len(half) // 2 :] = filling
    assert limits_of_search(ct(half)) == limits_of_search(ct(a_head.hu[: len(half) // 2])) != []


@pytest.mark.parametrize("filling", [-1000, -3024, 0])
@pytest.mark.parametrize("spacing", [(5.0, 2.0, 2.0), (5.0, 1.0, 4.0), (5.0, 4.0, 1.0)])
@pytest.mark.parametrize("axis", [1, 2])
def test_a_head_cut_off_within_its_skull_is_told_however_it_is_stored(filling, spacing, axis):
    head = painted_head(spacing=spacing)
    lines = np.flatnonzero(head.inside.any(axis=(0, 3 - axis)))
    kept = [slice(None)] * 3
    kept[axis] = slice(0, lines[-1] - round(30 / spacing[axis]))
    filled = np.full_like(head.hu, filling)
    filled[tuple(kept)] = head.hu[tuple(kept)]
    flipped = affine_of(spacing) * [1, -1, -1, 1]  # left-handed or not, the rims are those of the array
    for voxels, affine in (
        (filled, None),
        (head.hu[tuple(kept)], None),
        (filled[::-1, ::-1], flipped),
        (filled, turned_about_the_left_right_axis(12, spacing)),
    ):
        found = limits_of_search(ct(voxels, spacing, affine))
        assert [why for why in found if "cut off at the edge of the pictures" in why]
    assert limits_of_search(ct(head.hu, spacing)) == []


def test_padding_at_both_ends_of_the_numbers_is_no_single_value(a_head):
    half = a_head.hu.copy()
    half[:, ::2] = np.where(half[:, ::2] == -1000, -32768, half[:, ::2])
    half[:, :, 50] = 32767
    assert limits_of_search(ct(half)) == []


def test_gaps_between_slices_limit_the_search(a_head):
    even = 5.0 * np.arange(len(a_head.hu))
    assert limits_of_search(ct(a_head.hu, slice_positions_mm=even)) == []
    gap = even + np.where(even > 50, 10.0, 0.0)
    assert "Gaps of up to 15.0 mm" in limits_of_search(ct(a_head.hu, slice_positions_mm=gap))[0]


@pytest.mark.parametrize("count, words", [(1, "only 1 slice:"), (6, "only 6 slices:")])
def test_few_slices_are_named(a_head, count, words):
    warnings = check_ct(ct(a_head.hu[17 : 17 + count]))
    assert [w for w in warnings if words in w]


def test_a_slab_of_the_head_is_named(a_head):
    warnings = check_ct(ct(a_head.hu[-14:]))
    assert warnings == ["The scan covers only 70 mm of the head: part of it is missing."]


def test_a_missing_vertex_is_named(a_head):
    warnings = check_ct(ct(a_head.hu[:22]))
    assert warnings == [
        "The scan ends below the top of the head: hemorrhage above its last slice is not seen."
    ]


def test_a_missing_vertex_is_named_when_slices_are_stored_from_the_top(a_head):
    downward = affine_of((5.0, 2.0, 2.0)) @ np.diag([1.0, 1.0, -1.0, 1.0])
    assert "below the top" in check_ct(ct(a_head.hu[:22][::-1], affine=downward))[0]


@pytest.mark.parametrize("degrees, named", [(1.0, False), (12.0, True)])
def test_gantry_tilt_is_named_above_two_degrees(a_head, degrees, named):
    affine = affine_of((5.0, 2.0, 2.0))
    affine[1, 2] = 5.0 * np.tan(np.radians(degrees))
    warnings = check_ct(ct(a_head.hu, affine=affine))
    assert bool([w for w in warnings if f"tilted by {degrees:.1f}°" in w]) == named
    assert len(warnings) == named


def test_gantry_tilt_that_the_reader_named_is_not_named_again(a_head):
    affine = affine_of((5.0, 2.0, 2.0))
    affine[1, 2] = 1.5
    assert check_ct(ct(a_head.hu, affine=affine, warnings=("The gantry was tilted by 16.7 degrees.",))) == []


@pytest.mark.parametrize("degrees, named", [(0, False), (15, False), (30, True)])
def test_strongly_oblique_slices_are_named(a_head, degrees, named):
    warnings = check_ct(ct(a_head.hu, affine=turned_about_the_left_right_axis(degrees)))
    assert bool([w for w in warnings if f"{degrees}° oblique" in w]) == named


def test_a_scan_stored_sagittally_is_read_in_its_own_order(a_head):
    sagittal = a_head.hu.transpose(2, 0, 1)
    affine = affine_of((5.0, 2.0, 2.0))[:, [1, 2, 0, 3]]
    assert check_ct(ct(sagittal, affine=affine)) == []
