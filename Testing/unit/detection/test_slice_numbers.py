"""The right slice in every answer: single, many, reversed, blank, sideways and oblique slices."""

from pathlib import Path

import numpy as np
import pytest
from bright_detector import bright_detector, scan_with_blood

from ICHSegmentationLib.volume import CTVolume

AFFINE = np.diag([-7.0, -7.0, 5.0, 1.0])
OBLIQUE = np.eye(4)
OBLIQUE[1:3, 1:3] = [[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]]


@pytest.mark.parametrize("affine", [AFFINE, OBLIQUE @ AFFINE], ids=["straight", "oblique"])
def test_marked_slices_are_those_with_blood(tmp_path: Path, affine: np.ndarray):
    found = bright_detector(tmp_path / "m").detect(CTVolume(scan_with_blood((3, 4, 9), 12), affine))
    assert found.marked() == (3, 4, 9)
    assert found.marked("subarachnoid") == (3, 4, 9)
    assert found.marked("epidural") == ()
    assert found.slices.shape == (12, 6)
    assert "on slices 4–5, 10" in found.sentence


def test_slices_from_head_to_foot_keep_their_own_numbers(tmp_path: Path):
    downward = AFFINE @ np.diag([1, 1, -1, 1])
    found = bright_detector(tmp_path / "m").detect(CTVolume(scan_with_blood((3, 4, 9), 12), downward))
    assert found.marked() == (3, 4, 9)


@pytest.mark.parametrize("flip", [False, True])
def test_slices_stored_along_another_axis_are_numbered_along_it(tmp_path: Path, flip: bool):
    hu = scan_with_blood((3, 4, 9), 12).transpose(1, 0, 2)  # rows, slices, columns
    affine = AFFINE[:, [0, 2, 1, 3]]
    if flip:
        hu, affine = hu[:, ::-1], affine @ np.diag([1, -1, 1, 1])
    found = bright_detector(tmp_path / "m").detect(CTVolume(np.ascontiguousarray(hu), affine))
    assert found.marked() == ((2, 7, 8) if flip else (3, 4, 9))


def test_a_scan_of_one_slice(tmp_path: Path):
    detector = bright_detector(tmp_path / "m")
    with_blood = detector.detect(CTVolume(scan_with_blood((0,), 1), AFFINE))
    assert with_blood.marked() == (0,)
    assert with_blood.slices.shape == (1, 6)
    without = detector.detect(CTVolume(scan_with_blood((), 1), AFFINE))
    assert without.sentence == "No hemorrhage likely (2 %); the likeliest slice is 1."


@pytest.mark.parametrize("upward", [True, False])
def test_a_scan_of_300_thin_slices_is_marked_within_a_slab_and_judged_in_few_passes(
    tmp_path: Path, upward: bool
):
    affine = np.diag([-7.0, -7.0, 0.625 if upward else -0.625, 1.0])
    detector = bright_detector(tmp_path / "m")
    found = detector.detect(CTVolume(scan_with_blood(tuple(range(160, 184)), 300), affine))
    # slabs of eight slices are counted from below
    expected = range(160, 184) if upward else range(164, 180)
    assert set(expected) <= set(found.marked()) <= set(range(156, 192))
    assert found.slices.shape == (300, 6)
    assert sum(detector.slices.passes) == 38
    assert max(detector.slices.passes) <= 8


def test_blank_slices_are_never_marked_and_do_not_shift_the_others(tmp_path: Path):
    hu = scan_with_blood((3, 4, 9), 12)
    hu[[0, 1, 5, 6, 11]] = -1000
    hu[5] = -3024
    found = bright_detector(tmp_path / "m").detect(CTVolume(hu, AFFINE))
    assert found.marked() == (3, 4, 9)
    assert found.slices[[0, 1, 5, 6, 11]].max() == 0
    assert found.ranked(3) == (3, 4, 9)


def test_a_scan_of_blank_slices_alone_shows_nothing(tmp_path: Path):
    found = bright_detector(tmp_path / "m").detect(CTVolume(np.full((4, 8, 8), -1000, np.int16), AFFINE))
    assert found.scan.tolist() == [0] * 6
    assert found.marked() == ()
    assert found.sentence.startswith("No hemorrhage likely (< 1 %)")
