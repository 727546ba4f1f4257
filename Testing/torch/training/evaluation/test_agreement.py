"""Against boxes worked by hand, brute force, MONAI and DeepMind's surface-distance."""

import numpy as np
import pytest
import torch
from evaluation_masks import box, two_blobs
from monai.metrics import compute_dice, compute_iou
from scipy import ndimage
from scipy.spatial.distance import cdist

from Training.evaluation.agreement import agreement
from Training.evaluation.settings import EvaluationSettings

surface_distance = pytest.importorskip("surface_distance", reason="pip install surface-distance")

SPACING = (5.0, 0.5, 0.5)
SPACINGS = [(5.0, 0.45, 0.45), (1.0, 1.0, 1.0), (2.5, 0.6, 0.9)]


def surface(mask, spacing):
    """Centres (mm) of the voxels that have a face neighbour outside."""
    return np.argwhere(mask & ~ndimage.binary_erosion(mask)) * spacing


def test_equal_masks_agree_fully():
    mask = box((2, 8), (10, 20), (10, 25))
    result = agreement(mask, mask, SPACING)
    assert (result.dice, result.iou, result.precision, result.recall, result.nsd) == (1, 1, 1, 1, 1)
    assert (result.hd_mm, result.hd95_mm, result.rvd, result.volume_error_ml) == (0, 0, 0, 0)
    assert result.volume_ml == pytest.approx(6 * 10 * 15 * 1.25 / 1000)


def test_a_box_moved_by_four_pixels_is_worked_by_hand():
    result = agreement(box((2, 8), (10, 20), (14, 24)), box((2, 8), (10, 20), (10, 20)), SPACING)
    assert result.dice == pytest.approx(0.6)  # 6 of 10 columns are common
    assert result.iou == pytest.approx(6 / 14)
    assert (result.precision, result.recall) == (0.6, 0.6)
    assert (result.hd_mm, result.hd95_mm) == (2.0, 2.0)  # 4 pixels of 0.5 mm
    assert result.rvd == 0


def test_a_box_twice_as_wide_is_worked_by_hand():
    result = agreement(box((2, 8), (10, 20), (10, 30)), box((2, 8), (10, 20), (10, 20)), SPACING)
    assert (result.precision, result.recall) == (0.5, 1.0)
    assert (result.dice, result.iou, result.rvd) == (pytest.approx(2 / 3), 0.5, 1.0)
    assert result.hd_mm == 5.0
    assert result.volume_error_ml == pytest.approx(0.75)


def test_distances_follow_the_spacing():
    result = agreement(box((3, 9), (10, 20), (10, 20)), box((2, 8), (10, 20), (10, 20)), SPACING)
    assert result.hd_mm == 5.0


def test_the_tolerance_decides_which_surface_is_right():
    masks = box((2, 8), (10, 20), (13, 23)), box((2, 8), (10, 20), (10, 20))  # 1.5 mm aside
    strict, lenient = (agreement(*masks, SPACING, settings=EvaluationSettings(mm)).nsd for mm in (1.4, 1.6))
    assert strict < lenient == 1


def test_a_mask_on_the_scans_first_slice_has_a_surface_there():
    mask = box((0, 3), (0, 10), (10, 20))
    whole = agreement(mask, box((0, 4), (0, 10), (10, 20)), SPACING)
    inside = agreement(box((4, 7), (4, 14), (10, 20)), box((4, 8), (4, 14), (10, 20)), SPACING)
    assert (whole.hd_mm, whole.nsd) == (inside.hd_mm, inside.nsd)


def test_two_empty_masks_agree_fully():
    empty = np.zeros((3, 4, 5), bool)
    result = agreement(empty, empty, SPACING)
    assert (result.dice, result.iou, result.precision, result.recall, result.nsd) == (1, 1, 1, 1, 1)
    assert (result.hd_mm, result.hd95_mm, result.rvd, result.volume_ml) == (0, 0, 0, 0)


def test_an_empty_prediction_misses_everything():
    full = box((2, 8), (10, 20), (10, 20))
    result = agreement(np.zeros_like(full), full, SPACING)
    assert (result.dice, result.iou, result.recall, result.nsd, result.rvd) == (0, 0, 0, 0, 1)
    assert (result.precision, result.hd_mm, result.hd95_mm) == (None, None, None)


def test_a_mark_in_a_clean_scan_is_all_wrong():
    full = box((2, 8), (10, 20), (10, 20))
    result = agreement(full, np.zeros_like(full), SPACING)
    assert (result.dice, result.iou, result.precision, result.nsd) == (0, 0, 0, 0)
    assert (result.recall, result.rvd, result.hd_mm, result.hd95_mm) == (None, None, None, None)
    assert result.volume_error_ml == pytest.approx(0.75)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_hausdorff_distances_are_those_of_brute_force(spacing):
    found, wanted = two_blobs(1)
    between = cdist(surface(found, spacing), surface(wanted, spacing))
    nearest = between.min(axis=1), between.min(axis=0)
    result = agreement(found, wanted, spacing)
    assert result.hd_mm == pytest.approx(max(d.max() for d in nearest), rel=1e-5)
    assert result.hd95_mm == pytest.approx(max(np.percentile(d, 95) for d in nearest), rel=1e-5)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_blobs_agree_with_surface_distance(spacing):
    found, wanted = two_blobs(2)
    distances = surface_distance.compute_surface_distances(wanted, found, spacing)
    result = agreement(found, wanted, spacing)
    assert result.nsd == pytest.approx(
        surface_distance.compute_surface_dice_at_tolerance(distances, 1.0), rel=1e-5
    )
    assert result.dice == pytest.approx(surface_distance.compute_dice_coefficient(wanted, found))
    # Its surfaces lie between the voxels, ours on their centres: half a voxel's diagonal apart at most.
    assert result.hd_mm == pytest.approx(
        surface_distance.compute_robust_hausdorff(distances, 100), abs=np.linalg.norm(spacing) / 2
    )


def test_overlaps_are_those_of_monai():
    found, wanted = two_blobs(3)
    masks = [torch.from_numpy(mask)[None, None].float() for mask in (found, wanted)]
    result = agreement(found, wanted, SPACING)
    assert result.dice == pytest.approx(float(compute_dice(*masks)))
    assert result.iou == pytest.approx(float(compute_iou(*masks)))
