import numpy as np
import pytest
from evaluation_masks import AFFINE, box, volume

from ICHSegmentationLib.errors import GridMismatchError
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume
from Training.evaluation.case import evaluate_case
from Training.evaluation.lesions import LesionCounts, count_lesions
from Training.evaluation.settings import EvaluationSettings

LEFT, RIGHT = box((2, 8), (5, 15), (5, 15)), box((2, 8), (5, 15), (25, 35))


def test_labels_are_compared_one_by_one_and_together():
    case = evaluate_case(volume((2, LEFT), (4, RIGHT)), volume((2, LEFT), (3, RIGHT)))
    assert case.pooled.dice == 1
    assert {label: found.dice for label, found in case.by_label.items()} == {
        "intraparenchymal": 1,
        "intraventricular": 0,
        "subarachnoid": 0,
    }
    assert case.by_label["intraventricular"].precision is None  # nothing was predicted
    assert case.subtypes == ("intraparenchymal", "intraventricular")


def test_a_prediction_without_subtypes_is_not_held_against_them():
    case = evaluate_case(volume((1, LEFT)), volume((2, LEFT), (4, RIGHT)))
    assert case.by_label == {}
    assert case.covered == {"intraparenchymal": 1.0, "subarachnoid": 0.0}
    assert case.pooled.recall == 0.5


def test_the_readers_subtypes_win_over_those_of_the_mask():
    assert evaluate_case(volume((1, LEFT)), volume((1, LEFT)), subtypes=["epidural"]).subtypes == (
        "epidural",
    )


def test_the_formula_is_taken_from_the_reference_and_compared_with_the_lesions_it_is_meant_for():
    reference = volume((2, LEFT), (3, RIGHT))  # the formula is not meant for ventricular blood
    formula = evaluate_case(volume((2, LEFT)), reference).formula
    (iph,) = (lesion for lesion in measure(reference).lesions if lesion.label == "intraparenchymal")
    assert (formula.tada_ml, formula.abc2_ml) == (iph.tada.volume_ml, iph.tada.abc2_ml)
    assert formula.of_ml == iph.volume_ml == pytest.approx(0.75)
    assert formula.tada_error_ml == pytest.approx(iph.tada.volume_ml - 0.75)
    assert evaluate_case(volume(), volume()).formula.tada_error_ml is None


def test_masks_stored_in_another_order_of_axes_are_compared_all_the_same():
    prediction, reference = volume((1, LEFT)), volume((1, box((2, 8), (7, 17), (5, 15))))
    turned = prediction.voxels[::-1].transpose(2, 1, 0)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([-AFFINE[:3, 2], AFFINE[:3, 1], AFFINE[:3, 0]], axis=1)
    affine[:3, 3] = AFFINE[:3, 2] * 11
    assert evaluate_case(Volume(turned, affine), reference) == evaluate_case(prediction, reference)


def test_distances_on_a_tilted_grid_are_true():
    sheared = AFFINE.copy()
    sheared[1, 2] = -1.0  # every slice lies two rows further
    leaning = np.zeros((12, 40, 40), bool)
    upright = leaning.copy()
    for index in range(2, 8):  # upright in the patient, so leaning in the array
        leaning[index, 20 - 2 * index : 26 - 2 * index, 10:20] = True
        upright[index, 26 - 2 * index : 32 - 2 * index, 10:20] = True
    case = evaluate_case(volume((1, leaning), affine=sheared), volume((1, upright), affine=sheared))
    assert case.pooled.hd_mm == pytest.approx(3.0)  # six rows
    lower = leaning & box((2, 6), (0, 40), (0, 40))
    case = evaluate_case(volume((1, lower), affine=sheared), volume((1, leaning), affine=sheared))
    assert case.pooled.hd_mm == pytest.approx(10.0)  # two slices of 5 mm, straight up


def test_a_mask_that_lies_elsewhere_is_refused():
    moved = AFFINE.copy()
    moved[0, 3] = 10
    with pytest.raises(GridMismatchError):
        evaluate_case(volume((1, LEFT)), volume((1, LEFT), affine=moved))


def test_lesions_are_found_missed_and_false():
    reference = box((2, 4), (5, 15), (5, 15)) | box((2, 4), (25, 35), (25, 35))
    prediction = box((2, 4), (5, 15), (10, 20)) | box((8, 10), (5, 15), (5, 15))
    assert count_lesions(prediction, reference, 1.25) == LesionCounts(
        reference=2, found=1, predicted=2, false=1
    )


def test_one_prediction_over_two_lesions_finds_both():
    reference = box((2, 4), (5, 15), (5, 15)) | box((2, 4), (5, 15), (17, 27))
    counts = count_lesions(box((2, 4), (5, 15), (5, 27)), reference, 1.25)
    assert (counts.found, counts.predicted, counts.false, counts.sensitivity) == (2, 1, 0, 1.0)


def test_a_tenth_of_a_lesion_is_enough_and_less_is_not():
    lesion = box((2, 4), (5, 15), (5, 15))
    tenth, less = box((2, 4), (5, 6), (5, 15)), box((2, 4), (5, 6), (5, 14))
    assert [count_lesions(part, lesion, 1.25).found for part in (tenth, less)] == [1, 0]


def test_specks_are_neither_lesions_nor_false():
    speck = box((2, 3), (5, 14), (5, 13))  # 72 voxels of 1.25 mm³ are 0.09 mL
    assert count_lesions(speck, np.zeros_like(speck), 1.25) == LesionCounts(0, 0, 0, 0)
    smaller = EvaluationSettings(smallest_lesion_ml=0.09)
    assert count_lesions(speck, np.zeros_like(speck), 1.25, smaller).false == 1
