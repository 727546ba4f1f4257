import numpy as np
import pytest
from measurement_shapes import affine_of, cuboid

from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.settings import MeasurementSettings
from ICHSegmentationLib.volume import Volume

BLOB = np.s_[2:6, 5:15, 5:15]
SHAPE = (10, 40, 40)


def scattered(pieces, value):
    """That many pieces of 0.15 mL, none the main one."""
    voxels = np.zeros((6, 12 * pieces, 12), np.uint8)
    for piece in range(pieces):
        voxels[1:4, 12 * piece + 2 : 12 * piece + 7, 2:12] = value
    return Volume(voxels, np.eye(4))


def shell(value):
    """Blood over the convexity: a shell 3 mm thick over the upper half of a sphere of 50 mm."""
    z, y, x = np.mgrid[:60, -60:61, -60:61]
    radius = np.sqrt(x**2 + y**2 + z**2)
    return Volume(((radius > 50) & (radius < 53)).astype(np.uint8) * value, np.eye(4))


@pytest.mark.parametrize(("value", "word"), [(4, "Subarachnoid"), (3, "Intraventricular")])
def test_blood_in_cisterns_and_ventricles_gets_no_estimate_whatever_its_shape(value, word):
    measured = measure(cuboid(SHAPE, BLOB, value))
    (lesion,) = measured.lesions
    assert not lesion.tada.applicable and word in lesion.tada.reason
    assert lesion.tada.volume_ml is None and lesion.tada.a_ends_mm is None
    assert lesion.volume_ml == measured.total_volume_ml == pytest.approx(0.4)
    assert measured.tada_total_ml is None and word in measured.tada_total_reason


@pytest.mark.parametrize("value", [1, 2, 5, 6])
def test_a_compact_lesion_of_any_other_label_gets_an_estimate(value):
    measured = measure(cuboid(SHAPE, BLOB, value))
    assert measured.lesions[0].tada.applicable and measured.lesions[0].tada.reason == ""
    assert measured.tada_total_ml == measured.lesions[0].tada.volume_ml
    assert measured.tada_total_reason == "" and measured.warnings == ()


def test_a_scattered_pattern_of_unknown_subtype_gets_no_estimate():
    measured = measure(scattered(6, value=1))
    assert [lesion.tada.applicable for lesion in measured.lesions] == [False] * 6
    assert "scattered over 6 pieces" in measured.lesions[0].tada.reason
    assert "17%" in measured.lesions[0].tada.reason
    assert measured.tada_total_ml is None and "scattered" in measured.tada_total_reason


def test_many_pieces_known_to_be_intraparenchymal_are_estimated_one_by_one_and_summed():
    measured = measure(scattered(6, value=2))
    assert all(lesion.tada.applicable for lesion in measured.lesions)
    assert measured.tada_total_ml == pytest.approx(6 * measured.lesions[0].tada.volume_ml)


def test_scattered_blood_of_unknown_subtype_leaves_the_estimate_of_a_known_lesion_alone():
    voxels = scattered(6, value=1).voxels
    voxels[1:4, -10:, 2:12][voxels[1:4, -10:, 2:12] > 0] = 2
    applicable = {
        lesion.label: lesion.tada.applicable for lesion in measure(Volume(voxels, np.eye(4))).lesions
    }
    assert applicable == {"hemorrhage": False, "intraparenchymal": True}


def test_a_few_pieces_of_unknown_subtype_are_estimated_one_by_one():
    assert all(lesion.tada.applicable for lesion in measure(scattered(3, value=1)).lesions)


def test_satellites_do_not_take_the_estimate_from_a_main_lesion():
    voxels = np.zeros((10, 40, 60), np.uint8)
    voxels[2:8, 2:20, 2:20] = 1
    voxels[2:5, 25:40:3, 40:42] = 1
    measured = measure(Volume(voxels, np.eye(4)))
    assert len(measured.lesions) == 6
    assert measured.lesions[0].tada.applicable


def test_a_thin_shell_of_unknown_subtype_gets_no_estimate():
    measured = measure(shell(value=1))
    (lesion,) = measured.lesions
    assert not lesion.tada.applicable and "convex outline" in lesion.tada.reason
    assert lesion.volume_ml == pytest.approx(2 / 3 * np.pi * (53**3 - 50**3) / 1000, rel=0.05)


def test_a_curved_subdural_lesion_gets_an_estimate_with_a_warning():
    measured = measure(shell(value=5))
    assert measured.lesions[0].tada.applicable
    assert any("Lesion 1 fills only" in warning for warning in measured.warnings)


@pytest.mark.parametrize(("slices", "words"), [(1, "only one slice"), (2, "only 2 slices")])
def test_an_estimate_on_fewer_than_three_slices_comes_with_a_warning(slices, words):
    measured = measure(cuboid(SHAPE, np.s_[2 : 2 + slices, 5:25, 5:25], affine=affine_of((0.5, 0.5, 5))))
    assert measured.lesions[0].tada.applicable
    assert [words in warning for warning in measured.warnings] == [True]


def test_a_speck_counts_in_the_total_but_gets_no_estimate():
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[BLOB] = 2
    voxels[8, 30:33, 30:33] = 2

    measured = measure(Volume(voxels, np.eye(4)))

    assert measured.total_volume_ml == pytest.approx(0.409)
    assert measured.lesions[1].tada.reason == "The lesion is smaller than 0.1 mL."
    assert measured.tada_total_ml == measured.lesions[0].tada.volume_ml
    assert measured.tada_total_reason == "Leaves out 1 of 2 lesions, see each one's reason."
    assert measure(Volume(voxels, np.eye(4)), MeasurementSettings(0.005)).lesions[1].tada.applicable


def test_ventricular_blood_is_no_part_of_the_estimate_of_the_lesion_it_touches():
    alone = measure(cuboid(SHAPE, BLOB))
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[BLOB] = 2
    voxels[2:6, 5:15, 15:25] = 3
    measured = measure(Volume(voxels, np.eye(4)))
    assert measured.tada_total_ml == alone.tada_total_ml
    assert measured.total_volume_ml == pytest.approx(2 * alone.total_volume_ml)
