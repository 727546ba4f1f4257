"""Subtypes told from shape and place, of painted hemorrhages whose subtype is known."""

from dataclasses import replace

import cc3d
import numpy as np
import pytest
from painted_subtypes import oblique, stored_otherwise, untold, with_hemorrhage

from ICHSegmentationLib.labels import HEMORRHAGE, SUBTYPES, label_named, label_of
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.subtypes import Subtypes, tell_subtypes
from ICHSegmentationLib.subtypes.classifier import LogisticModel, Parameters, fitted
from ICHSegmentationLib.subtypes.tell import SMALLEST_ML, TOO_LITTLE_SEEN
from ICHSegmentationLib.volume import CTVolume, Volume

CLEAR = {
    "intraparenchymal": ("intraparenchymal", 18.0, 6),
    "intraventricular": ("intraventricular", 15.0, 1),
    "subarachnoid": ("subarachnoid", 6.0, 2),
    "subdural": ("subdural", 35.0, 4),
    "epidural": ("epidural", 25.0, 5),
}


def most_of(told: Subtypes) -> str:
    """Id of the label that most of the hemorrhage has."""
    return label_of(int(np.bincount(told.mask.voxels[told.mask.voxels > 0]).argmax())).id


@pytest.mark.parametrize("subtype", CLEAR)
def test_a_clear_hemorrhage_has_its_subtype(subtype):
    ct, truth = with_hemorrhage(CLEAR[subtype])
    told = tell_subtypes(ct, untold(truth))
    if subtype == "subarachnoid":  # it falls into many pieces, of which some are too small to be sure of
        volumes = np.bincount(told.mask.voxels.ravel(), minlength=7)
        assert volumes[4] > 2 * volumes[[2, 3, 5, 6]].sum()
    else:
        assert most_of(told) == subtype
    assert np.array_equal(told.mask.voxels > 0, truth.voxels > 0)
    sure = [part for parts in told.parts.values() for part in parts if part.label != HEMORRHAGE]
    assert sure and all(fitted().least_confidence <= part.confidence <= 1 for part in sure)


@pytest.mark.parametrize("subtype", ["intraparenchymal", "subdural", "epidural"])
def test_the_way_of_storing_does_not_change_a_voxels_subtype(subtype):
    ct, truth = with_hemorrhage(CLEAR[subtype])
    other_ct, other_truth = stored_otherwise(ct, truth)
    straight = tell_subtypes(ct, untold(truth)).mask
    turned = tell_subtypes(other_ct, untold(other_truth)).mask
    again, _ = stored_otherwise(CTVolume(straight.voxels, straight.affine), straight)
    assert np.array_equal(turned.voxels, again.voxels)


@pytest.mark.parametrize("subtype", ["intraparenchymal", "epidural"])
def test_an_oblique_scan_with_thin_slices_shows_the_same_subtype(subtype):
    ct, truth = oblique(*with_hemorrhage(CLEAR[subtype]), degrees=15)
    assert most_of(tell_subtypes(ct, untold(truth))) == subtype


def test_the_same_scan_gives_the_same_bits_and_the_given_mask_is_left_alone():
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    given = untold(truth)
    before = given.voxels.copy()
    one, two = tell_subtypes(ct, given), tell_subtypes(ct, given)
    assert one.mask.voxels.tobytes() == two.mask.voxels.tobytes()
    assert one.parts == two.parts
    assert np.array_equal(given.voxels, before)


def always(subtype: str, chance: float) -> LogisticModel:
    """A classifier that gives one subtype this probability, whatever it sees."""
    model = fitted().subtypes
    bias = np.where(np.array(model.classes) == subtype, np.log(chance / (1 - chance) * 4), 0.0)
    return replace(model, weights=np.zeros_like(model.weights), bias=bias)


@pytest.mark.parametrize(("chance", "label"), [(0.69, "hemorrhage"), (0.71, "subdural")])
def test_below_the_least_confidence_a_lesion_stays_hemorrhage(chance, label):
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    parameters = replace(fitted(), subtypes=always("subdural", chance), least_confidence=0.7)
    told = tell_subtypes(ct, untold(truth), parameters=parameters)
    assert most_of(told) == label
    (parts,) = told.parts.values()
    assert [part.confidence for part in parts] == [pytest.approx(chance)]


def test_specks_stay_hemorrhage_and_are_told_nothing_of():
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    given = untold(truth)
    speck = np.argwhere(truth.voxels == 0)[1000]
    given.voxels[tuple(speck)] = 1
    assert given.grid.voxel_volume_mm3 / 1000 < SMALLEST_ML
    told = tell_subtypes(ct, given)
    assert told.mask.voxels[tuple(speck)] == HEMORRHAGE.value
    assert told.confidence(HEMORRHAGE, tuple(speck)) is None


def test_what_already_has_a_subtype_keeps_it():
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    drawn = Volume(truth.voxels.copy(), truth.affine)
    drawn.voxels[drawn.voxels > 0] = label_named("subarachnoid").value
    assert np.array_equal(tell_subtypes(ct, drawn).mask.voxels, drawn.voxels)


def test_nothing_is_told_of_an_empty_mask():
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    told = tell_subtypes(ct, Volume(np.zeros_like(truth.voxels), truth.affine))
    assert told.parts == {} and told.warnings == () and not told.mask.voxels.any()


@pytest.mark.parametrize("slices", [slice(14, 15), slice(10, 20), slice(0, 17)])
def test_a_scan_of_a_part_of_the_head_is_told_nothing_of_with_a_warning(slices):
    ct, _truth = with_hemorrhage(CLEAR["intraparenchymal"])
    part = CTVolume(ct.voxels[slices], ct.affine)
    mask = np.zeros(part.voxels.shape, np.uint8)
    mask[0, 80:90, 70:80] = 1
    told = tell_subtypes(part, Volume(mask, ct.affine))
    assert told.warnings == (TOO_LITTLE_SEEN,)
    assert np.array_equal(told.mask.voxels, mask)


def broken_through() -> tuple[Volume, Subtypes]:
    """A lesion in one piece, of which the half nearer to the midline is taken for ventricular."""
    ct, truth = with_hemorrhage(CLEAR["intraparenchymal"])
    one_piece = Volume(cc3d.largest_k(truth.voxels, k=1).astype(np.uint8), truth.affine)
    return one_piece, tell_subtypes(ct, one_piece, parameters=split_by_side(one_piece))


def split_by_side(truth: Volume) -> Parameters:
    """Classifiers by which blood near the midline is ventricular, and the rest parenchymal."""
    places = truth.grid.world(np.argwhere(truth.voxels > 0))
    aside = float(np.median(np.abs(places[:, 0])))
    near = fitted().ventricular
    weights = np.zeros_like(near.weights)
    weights[1, near.features.index("aside")] = -8.0
    mean = np.where(np.array(near.features) == "aside", aside, 0.0)
    cubes = replace(near, weights=weights, bias=np.zeros(2), mean=mean, scale=np.full(len(mean), 2.0))
    parts = fitted().subtypes
    by = np.zeros_like(parts.weights)
    by[parts.classes.index("intraventricular"), parts.features.index("ventricular")] = 8.0
    by[parts.classes.index("intraparenchymal"), parts.features.index("ventricular")] = -8.0
    zero = np.zeros(len(parts.features))
    zero[parts.features.index("ventricular")] = 0.5
    spread = np.full(len(zero), 0.25)
    subtypes = replace(parts, weights=by, bias=np.zeros(len(SUBTYPES)), mean=zero, scale=spread)
    return replace(fitted(), ventricular=cubes, subtypes=subtypes)


def test_a_lesion_that_reaches_into_the_ventricles_becomes_two_labels_and_not_a_voxel_more():
    truth, told = broken_through()
    (parts,) = told.parts.values()
    assert {part.label.id for part in parts} == {"intraparenchymal", "intraventricular"}
    assert np.array_equal(told.mask.voxels > 0, truth.voxels > 0)
    total = np.count_nonzero(truth.voxels) * truth.grid.voxel_volume_mm3 / 1000
    assert sum(part.volume_ml for part in parts) == pytest.approx(total)
    left = {label: np.abs(truth.grid.world(np.argwhere(told.mask.voxels == label))[:, 0]) for label in (2, 3)}
    assert left[3].max() < left[2].max() and left[3].mean() + 4 < left[2].mean()


def test_measured_lesions_know_how_they_were_told_and_which_make_up_one_piece():
    truth, told = broken_through()
    measured = measure(told.mask, told=told)
    assert measured.total_volume_ml == pytest.approx(measure(truth).total_volume_ml)
    by_label = {lesion.label: lesion for lesion in measured.lesions}
    one, other = by_label["intraparenchymal"], by_label["intraventricular"]
    assert other.id in one.told.touches and one.id in other.told.touches
    assert not {lesion.id for lesion in measured.lesions if lesion.label == one.label} & set(one.told.touches)
    assert one.told.subtype_told_by == "anatomy"
    assert one.told.subtype_confidence > 0.7
    assert one.tada.applicable and not other.tada.applicable
    assert set(measured.subtypes) == {"intraparenchymal", "intraventricular"}
    written = measured.to_dict()["lesions"][0]
    assert {"subtype_confidence", "subtype_told_by", "touches"} < set(written)
    assert "told" not in written and "subtype_told_by" not in measure(truth).to_dict()["lesions"][0]


def test_the_detectors_slices_are_counted_as_the_scan_is_stored():
    ct, truth = with_hemorrhage(CLEAR["epidural"])
    on_slices = (truth.voxels > 0).any(axis=(1, 2))
    even = replace(fitted(), subtypes=always("subdural", 0.2), least_confidence=0.3)
    heard = {label.id: np.where(on_slices & (label.id == "epidural"), 1.0, 0.0) for label in SUBTYPES}
    told = tell_subtypes(ct, untold(truth), heard, even)
    assert most_of(told) == "epidural" and told.told_by == "anatomy and detector"
    flipped = Volume(np.ascontiguousarray(truth.voxels[::-1]), upside_down(ct))
    other = CTVolume(np.ascontiguousarray(ct.voxels[::-1]), flipped.affine)
    turned = {name: chances[::-1] for name, chances in heard.items()}
    right, wrong = (tell_subtypes(other, untold(flipped), said, even) for said in (turned, heard))
    assert surest(right) == pytest.approx(surest(told))
    assert surest(wrong) < surest(right) - 0.05


def surest(told: Subtypes) -> float:
    return max(part.confidence for parts in told.parts.values() for part in parts)


def upside_down(ct: CTVolume) -> np.ndarray:
    affine = np.array(ct.affine)
    affine[:3, 3] += affine[:3, 2] * (ct.voxels.shape[0] - 1)
    affine[:3, 2] *= -1
    return affine
