"""What is said where a detector and an outline differ."""

import numpy as np
from test_detection_result import detection

from ICHSegmentationLib.detection import Detection
from ICHSegmentationLib.detection.disagreement import axial_positions_mm, disagreements
from ICHSegmentationLib.volume import Grid


def flags(*slices: int, depth: int = 20) -> np.ndarray:
    outlined = np.zeros(depth, bool)
    outlined[list(slices)] = True
    return outlined


def differ(found: Detection, outlined: np.ndarray, distance_mm: float) -> tuple[str, ...]:
    """On slices that are evenly spaced."""
    return disagreements(found, outlined, np.arange(len(outlined)) * distance_mm)


def likely(*slices: int, depth: int = 20) -> list[float]:
    return [0.9 if index in slices else 0.03 for index in range(depth)]


def test_hemorrhage_that_was_not_outlined_is_told_by_its_subtype():
    found = detection({"hemorrhage": likely(11, 12, 13, 14), "subarachnoid": likely(11, 12, 13, 14)})
    assert differ(found, flags(), 5.0) == (
        "Detector: subarachnoid hemorrhage likely on slices 12–15, nothing outlined there.",
    )


def test_hemorrhage_of_no_clear_subtype_is_told_as_hemorrhage():
    found = detection({"hemorrhage": likely(3)})
    assert differ(found, flags(), 5.0) == ("Detector: hemorrhage likely on slice 4, nothing outlined there.",)


def test_slices_of_one_run_with_an_outline_agree():
    found = detection({"hemorrhage": likely(8, 9, 10, 11, 12), "subdural": likely(9, 10)})
    assert differ(found, flags(10, 11), 5.0) == ()


def test_only_the_run_far_from_any_outline_is_told():
    found = detection({"hemorrhage": likely(2, 3, 10, 11), "subdural": likely(10, 11)})
    assert differ(found, flags(2), 5.0) == (
        "Detector: subdural hemorrhage likely on slices 11–12, nothing outlined there.",
    )
    assert differ(found, flags(11), 5.0) == (
        "Detector: hemorrhage likely on slices 3–4, nothing outlined there.",
    )


def test_an_outline_on_the_next_slice_counts_as_the_same_hemorrhage():
    found = detection({"hemorrhage": likely(5)})
    assert differ(found, flags(6), 5.0) == ()
    assert len(differ(found, flags(7), 5.0)) == 1
    # slices 1.25 mm apart: four of them make up 5 mm
    assert differ(found, flags(9), 1.25) == ()
    assert len(differ(found, flags(10), 1.25)) == 1


def test_how_near_an_outline_is_counts_in_mm_where_slices_lie_unevenly():
    found = detection({"hemorrhage": likely(12)})
    thin_below = np.cumsum([0.0] + [2.5] * 10 + [5.0] * 9)
    assert differ(found, flags(10), 2.5) == ()
    assert len(disagreements(found, flags(10), thin_below)) == 1  # 10 mm
    assert disagreements(found, flags(11), thin_below) == ()
    thin_above = np.cumsum([0.0] + [5.0] * 11 + [1.25] * 8)[::-1]
    found = detection({"hemorrhage": likely(3)})
    assert len(differ(found, flags(7), 5.0)) == 1
    assert disagreements(found, flags(7), thin_above) == ()  # 5 mm
    assert len(disagreements(found, flags(8), thin_above)) == 1


def test_an_outline_on_the_next_slice_counts_however_far_it_is():
    found = detection({"hemorrhage": likely(18)})
    assert disagreements(found, flags(19), np.cumsum([0.0] + [1.0] * 18 + [7.0])) == ()


def test_an_outline_on_a_scan_without_likely_hemorrhage_is_told():
    found = detection({"hemorrhage": likely()})
    assert differ(found, flags(4, 5), 5.0) == (
        "Detector: hemorrhage unlikely (3 %), but outlined on slices 5–6.",
    )
    assert differ(found, flags(), 5.0) == ()


def test_an_agreeing_outline_of_another_scan_length_is_no_trouble():
    found = detection({"hemorrhage": [0.9]})
    assert differ(found, np.array([True]), 5.0) == ()
    assert len(differ(found, np.array([False]), 0.6)) == 1


def test_positions_are_those_of_axial_slices_however_they_are_stored():
    uneven = np.array([0.0, 5.0, 6.0])
    axial, sagittal = np.diag([0.5, 0.5, 5.0, 1.0]), np.eye(4)[[2, 0, 1, 3]] * 0.5
    sagittal[3, 3] = 1.0
    assert axial_positions_mm(Grid((3, 8, 9), axial), uneven).tolist() == [0.0, 5.0, 6.0]
    assert axial_positions_mm(Grid((3, 8, 9), axial)).tolist() == [0.0, 5.0, 10.0]
    assert axial_positions_mm(Grid((3, 8, 9), sagittal), uneven).tolist() == (np.arange(8) * 0.5).tolist()
