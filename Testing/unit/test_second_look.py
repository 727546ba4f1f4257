"""When a person is asked to look again, by hand-counted volumes of voxels of 0.1 mL each."""

from dataclasses import dataclass

import numpy as np
import pytest

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.pipeline.second_look import rim_mm, second_look
from ICHSegmentationLib.volume import Volume

AFFINE = np.diag([4.0, 5.0, 5.0, 1.0])  # 100 mm3
SHAPE = (10, 10, 10)


@dataclass(frozen=True)
class Doubt:
    map: Volume
    left_out_ml: float = 0.0
    reasons: tuple[str, ...] = ()
    half_ratio: float | None = None


def volume(count, value, start=0):
    voxels = np.zeros(SHAPE, np.uint8)
    voxels.flat[start : start + count] = value
    return Volume(voxels, AFFINE)


def looked(found, unsure, first_unsure=0, level=60, limits=(), **doubts):
    return second_look(volume(found, 2), Doubt(volume(unsure, level, first_unsure), **doubts), limits)


def test_volumes_without_and_with_all_that_is_unsure():
    look = looked(found=200, unsure=30, first_unsure=190)  # 10 within the outline, 20 beyond
    assert look.unsure_ml == pytest.approx(3.0)
    assert (look.lowest_ml, look.highest_ml) == pytest.approx((19.0, 22.0))


def test_a_probability_beyond_20_or_80_percent_counts_as_sure():
    assert looked(200, 30, level=39).unsure_ml == 0
    assert looked(200, 30, level=40).unsure_ml == pytest.approx(3.0)


def test_the_rim_is_as_thick_as_a_shell_of_its_volume_around_a_ball():
    radius, thickness = 20.0, 0.01
    shell = 4 / 3 * np.pi * ((radius + thickness) ** 3 - radius**3) / 1000
    assert rim_mm(shell, 4 / 3 * np.pi * radius**3 / 1000) == pytest.approx(thickness, rel=1e-3)


def test_a_usual_rim_needs_no_second_look_and_a_thick_one_does():
    usual = looked(found=100, unsure=13)  # 10 mL, 1.3 mL: a rim of 0.58 mm
    assert not usual.second_look
    assert usual.reasons == ()
    thick = looked(found=100, unsure=30)
    assert thick.second_look
    assert "unsure of 3.0 mL, beside 10.0 mL" in thick.reasons[0]


def test_an_outline_of_a_few_voxels_is_not_told_as_none():
    mask, unsure = np.zeros((10, 10, 10), np.uint8), np.zeros((10, 10, 10), np.uint8)
    mask.flat[:4], unsure.flat[:80] = 2, 60
    of_10_mm3 = np.diag([2.5, 2.0, 2.0, 1.0])
    look = second_look(Volume(mask, of_10_mm3), Doubt(Volume(unsure, of_10_mm3)), ())
    assert "unsure of 0.8 mL, beside 0.04 mL" in look.reasons[0]


def test_little_that_is_unsure_is_not_worth_a_look():
    assert not looked(found=3, unsure=4).second_look


def test_nothing_outlined_where_something_may_be_is_told():
    assert "Nothing was outlined, but 2.0 mL may be" in looked(0, 20).reasons[0]
    clear = looked(0, 2)
    assert not clear.second_look
    assert clear.rim_mm is None


@pytest.mark.parametrize(("found", "told"), [(285, False), (297, True), (305, True), (316, False)])
def test_a_volume_that_may_lie_on_either_side_of_30_ml_is_told(found, told):
    look = looked(found, unsure=10, first_unsure=found - 5)  # half a mL to each side
    assert any("30 mL" in reason for reason in look.reasons) == told


def test_what_was_left_out_and_what_limits_the_search_are_reasons():
    look = looked(100, 5, limits=["Part of the head is missing."], left_out_ml=1.5)
    assert look.reasons[-1] == "Part of the head is missing."
    assert "1.5 mL" in look.reasons[0]
    assert look.to_dict()["reasons"] == list(look.reasons)
    assert not looked(100, 5, left_out_ml=0.3).second_look


def test_slices_that_stand_for_more_weigh_more():
    # ten voxels of 0.1 mL on the second slice, which reaches half-way over a gap of three slices
    positions = np.array([0, 4, 16, 20, 24, 28, 32, 36, 40, 44], float)
    voxels = np.zeros((10, 10, 10), np.uint8)
    voxels[1, 0] = 1
    outlined = Volume(voxels, np.array([[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 4, 0], [0, 0, 0, 1.0]]))
    doubt = Doubt(Volume(voxels * np.uint8(60), outlined.affine))
    look = second_look(outlined, doubt, (), positions)
    assert look.unsure_ml == pytest.approx(1.0 * (4 + 12) / 2 / 4)
    assert look.unsure_ml == pytest.approx(measure(outlined, slice_positions_mm=positions).total_volume_ml)
    assert look.highest_ml == pytest.approx(look.unsure_ml)
