"""Growth against hand counts, and what makes it an expansion."""

import numpy as np
import pytest
from moved_heads import LPS, distance, first_scan, motion, rescanned

from ICHSegmentationLib.comparison import Change, Registration, compare
from ICHSegmentationLib.comparison import compare as compare_function
from ICHSegmentationLib.errors import GridMismatchError, NoHeadError, UnknownLabelError
from ICHSegmentationLib.volume import CTVolume, Volume

IPH, IVH, UNTOLD = 2, 3, 1
VOXEL_ML = 5.0 * 2.0 * 2.2 / 1000
TWO_ML = round(2 / VOXEL_ML)


@pytest.fixture
def lying_as_they_are(monkeypatch):
    """Spares the tests of volumes the search for the transform."""
    import sys

    module = sys.modules["ICHSegmentationLib.comparison.compare"]
    monkeypatch.setattr(module, "register", lambda *_: Registration(np.eye(4), 0.97, 1.0))
    return module


def mask_with(**counts):
    """A mask on the first scan's grid with so many voxels of each label value, far from each other."""
    ct = first_scan().ct
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    for place, (value, count) in enumerate(counts.items()):
        voxels[5 + 8 * place : 12 + 8 * place].flat[:count] = int(value[1:])
    return Volume(voxels, ct.affine)


def compared(first, second):
    ct = first_scan().ct
    return compare_function(ct, first, ct, second)


@pytest.mark.parametrize(
    ("first", "second", "expansion"),
    [
        (10.0, 13.2, False),
        (10.0, 13.3, True),
        (40.0, 45.9, False),
        (40.0, 46.0, True),
        (10.0, 2.0, False),
        (0.0, 5.9, False),
        (0.0, 6.0, True),
        (0.0, 0.0, False),
    ],
)
def test_at_least_6_ml_or_33_percent_is_expansion(first, second, expansion):
    assert Change(first, second).is_expansion == expansion


def test_growth_is_what_a_hand_count_says(lying_as_they_are):
    result = compared(mask_with(v2=500), mask_with(v2=800))
    assert result.total.first_ml == pytest.approx(500 * VOXEL_ML)
    assert result.total.growth_ml == pytest.approx(300 * VOXEL_ML)
    assert result.total.growth_percent == pytest.approx(60.0)
    assert result.expansion
    assert result.to_dict()["growth_ml"] == pytest.approx(6.6)
    assert "grew from 11.0 to 17.6 mL (+6.6 mL, +60 %)" in result.sentences[0]
    assert "usual definition" in result.sentences[1]


def test_growth_is_told_for_each_subtype(lying_as_they_are):
    result = compared(mask_with(v2=500, v3=100), mask_with(v2=500, v5=50))
    assert {name: round(change.growth_ml, 3) for name, change in result.subtypes.items()} == {
        "intraparenchymal": 0.0,
        "intraventricular": -2.2,
        "subdural": 1.1,
    }


def test_a_growing_parenchymal_hemorrhage_counts_even_where_the_total_shrinks(lying_as_they_are):
    result = compared(mask_with(v2=500, v3=800), mask_with(v2=700, v3=100))
    assert result.total.growth_ml < 0
    assert result.expansion


def test_new_or_more_ventricular_blood_is_expansion_by_the_revised_definition_only(lying_as_they_are):
    more = compared(mask_with(v2=1000, v3=200), mask_with(v2=1000, v3=260))
    new = compared(mask_with(v2=1000), mask_with(v2=1000, v3=20))
    less = compared(mask_with(v2=1000, v3=200), mask_with(v2=1000, v3=230))
    assert [r.expansion for r in (more, new, less)] == [False, False, False]
    assert [r.expansion_with_ivh for r in (more, new, less)] == [True, True, False]
    assert "revised definition only" in new.sentences[1]


def test_without_subtypes_there_is_no_word_on_them(lying_as_they_are):
    result = compared(mask_with(v1=500), mask_with(v2=500))
    assert result.subtypes == {}
    assert result.expansion_with_ivh is None
    assert any("no subtype" in warning for warning in result.warnings)
    assert not any("no subtype" in w for w in compared(mask_with(v1=500), mask_with(v1=500)).warnings)


def test_a_speck_of_no_subtype_does_not_silence_the_others(lying_as_they_are):
    result = compared(mask_with(v2=500, v1=2), mask_with(v2=500, v3=100, v1=3))
    assert set(result.subtypes) == {"intraparenchymal", "intraventricular"}
    assert result.expansion_with_ivh is True
    assert not any("no subtype" in warning for warning in result.warnings)
    assert compared(mask_with(v2=500, v1=5), mask_with(v2=500)).subtypes == {}


def test_hemorrhage_in_another_place_is_told_as_new_and_as_gone(lying_as_they_are):
    result = compared(mask_with(v2=500), mask_with(v0=0, v2=300))
    assert result.new_ml == pytest.approx(300 * VOXEL_ML) and result.gone_ml == pytest.approx(500 * VOXEL_ML)
    assert f"{300 * VOXEL_ML:.1f} mL are new" in " ".join(result.sentences)
    assert f"{500 * VOXEL_ML:.1f} mL of the first scan are gone" in " ".join(result.sentences)
    assert result.to_dict()["new_ml"] == result.new_ml
    in_place = compared(mask_with(v2=500), mask_with(v2=800))
    assert in_place.new_ml == in_place.gone_ml == 0
    assert not any("new" in sentence or "gone" in sentence for sentence in in_place.sentences)


def test_two_empty_masks_are_unchanged(lying_as_they_are):
    result = compared(mask_with(), mask_with())
    assert result.total.growth_percent is None
    assert "is unchanged, from 0.0 to 0.0 mL" in result.sentences[0]


def test_less_than_a_millilitre_is_told_to_its_hundredths():
    assert str(Change(0.0, 0.04)) == "from 0.00 to 0.04 mL (+0.04 mL)"
    assert str(Change(0.04, 1.24)) == "from 0.0 to 1.2 mL (+1.2 mL, +3000 %)"


def test_a_third_of_very_little_is_expansion_with_a_caution(lying_as_they_are):
    result = compared(mask_with(v2=50), mask_with(v2=80))
    assert result.expansion
    assert any("usual error" in warning for warning in result.warnings)


def cautioned(result):
    return any("usual error" in warning for warning in result.warnings)


def test_no_caution_where_the_parenchymal_hemorrhage_grew_much_and_the_total_little(lying_as_they_are):
    result = compared(mask_with(v2=500, v3=500), mask_with(v2=900, v3=150))
    assert result.total.growth_ml < 2.2
    assert result.expansion
    assert not cautioned(result)


def test_a_caution_where_the_parenchymal_hemorrhage_grew_little_and_the_total_much(lying_as_they_are):
    result = compared(mask_with(v2=50, v5=1000), mask_with(v2=70, v5=1150))
    assert result.total.growth_ml > 2.2
    assert result.expansion
    assert cautioned(result)


def test_a_speck_of_new_ventricular_blood_comes_with_a_caution(lying_as_they_are):
    result = compared(mask_with(v2=1000), mask_with(v2=1000, v3=1))
    assert (result.expansion, result.expansion_with_ivh) == (False, True)
    assert cautioned(result)


def test_growth_of_other_hemorrhage_alone_is_not_told_as_the_usual_definition(lying_as_they_are):
    result = compared(mask_with(v2=900, v3=200), mask_with(v2=900, v3=500))
    assert result.expansion
    assert "All hemorrhage together grew" in result.sentences[1]
    assert "the intraparenchymal, for which the usual definition is meant, did not" in result.sentences[1]


def test_what_the_readers_of_both_scans_saw_is_told(lying_as_they_are):
    ct = first_scan().ct
    gaps = CTVolume(ct.voxels, ct.affine, warnings=("Slices are missing.",))
    result = compare_function(ct, mask_with(), gaps, mask_with())
    assert "Second scan: Slices are missing." in result.warnings


def test_what_the_readers_of_both_masks_saw_is_told(lying_as_they_are):
    mask = mask_with()
    taken = Volume(mask.voxels, mask.affine, warnings=("The mask has evenly spaced slices.",))
    result = compare_function(first_scan().ct, taken, first_scan().ct, mask)
    assert "First scan: The mask has evenly spaced slices." in result.warnings


def test_hemorrhage_beyond_the_other_scans_edge_is_told(lying_as_they_are):
    ct = first_scan().ct
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    voxels[20:26, 40:50, 40:50] = IPH
    lower = CTVolume(ct.voxels[:22], ct.affine)
    result = compare_function(lower, Volume(voxels[:22] * 0, ct.affine), ct, Volume(voxels, ct.affine))
    assert any(f"{400 * VOXEL_ML:.1f} mL of the hemorrhage on the second scan" in w for w in result.warnings)


def test_heads_that_do_not_fit_are_told_and_compared_all_the_same(lying_as_they_are, monkeypatch):
    monkeypatch.setattr(lying_as_they_are, "register", lambda *_: Registration(np.eye(4), 0.4, 0.9))
    result = compared(mask_with(v2=500), mask_with(v2=800))
    assert "same patient" in result.warnings[0]
    assert result.expansion
    assert result.to_dict()["registration"]["trusted"] is False


def test_too_little_of_the_head_on_both_scans_is_not_told_as_another_patient(lying_as_they_are, monkeypatch):
    monkeypatch.setattr(lying_as_they_are, "register", lambda *_: Registration(np.eye(4), 0.96, 0.41))
    result = compared(mask_with(v2=500), mask_with(v2=800))
    assert "Only 41% of the head on the first scan" in result.warnings[0]
    assert not any("same patient" in warning for warning in result.warnings)


def test_a_mask_of_another_scan_is_refused():
    ct = first_scan().ct
    with pytest.raises(GridMismatchError):
        compare(ct, Volume(np.zeros((30, 112, 99), np.uint8), ct.affine), ct, mask_with())


def test_a_value_that_is_no_label_is_refused():
    with pytest.raises(UnknownLabelError, match="9"):
        compared(mask_with(v2=5), mask_with(v9=5))


def test_a_scan_of_air_is_refused():
    ct = first_scan().ct
    air = CTVolume(np.full(ct.voxels.shape, -1000, np.int16), ct.affine)
    with pytest.raises(NoHeadError):
        compare(ct, mask_with(), air, mask_with())


def test_a_moved_and_grown_hemorrhage_from_scan_to_sentence():
    phantom = first_scan()
    moved = motion(phantom.ct, (4, -5, 8), (6, -4, 5))
    axes, shape = np.diag([1.0, -1.0, -1.0]), (50, 130, 120)
    second = rescanned((phantom.ct, phantom.mask), moved, axes, shape, (1.9, 1.9, 3.0))
    small = np.where(
        np.cumsum(phantom.mask.voxels > 0).reshape(phantom.mask.voxels.shape) < 500, 0, phantom.mask.voxels
    )
    result = compare(phantom.ct, Volume(small, phantom.ct.affine), *second)
    assert result.total.growth_ml == pytest.approx(499 * VOXEL_ML, abs=0.6)
    assert result.expansion
    assert result.registration.trusted
    assert not any("does not reach" in warning for warning in result.warnings)


def test_a_head_with_thin_slices_below_and_thick_ones_above_is_found():
    phantom = first_scan()
    moved = motion(phantom.ct, (5, -4, 8), (6, -4, 5))
    ct, mask = rescanned((phantom.ct, phantom.mask), moved, LPS, (60, 112, 100), (2.2, 2.0, 2.5))
    kept = [*range(24), *range(24, 60, 2)]
    uneven = CTVolume(ct.voxels[kept], ct.affine, slice_positions_mm=np.array(kept) * 2.5)
    result = compare(phantom.ct, phantom.mask, uneven, Volume(mask.voxels[kept], ct.affine))
    angle, far = distance(result.registration.second_to_first, moved, phantom.ct)
    assert result.registration.trusted
    assert angle < 1.0
    assert far < 2.0
    assert not any("does not reach" in warning or "do not fit" in warning for warning in result.warnings)
