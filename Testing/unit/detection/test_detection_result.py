"""What a detection says, in numbers and in words."""

import json

import numpy as np
import pytest

from ICHSegmentationLib.detection import CLASSES, Detection
from ICHSegmentationLib.detection.words import slice_numbers
from ICHSegmentationLib.wording import in_percent


def detection(slices: dict[str, list[float]], threshold: float = 0.5) -> Detection:
    """Of classes by name; all others are unlikely everywhere."""
    depth = len(next(iter(slices.values())))
    values = np.full((depth, len(CLASSES)), 0.02, np.float32)
    for label, probabilities in slices.items():
        values[:, CLASSES.index(label)] = probabilities
    return Detection(values.max(axis=0), values, np.full(len(CLASSES), threshold, np.float32))


def test_the_classes_are_any_hemorrhage_and_the_five_subtypes():
    assert CLASSES == (
        "hemorrhage", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural",
    )  # fmt: skip


def test_a_likely_hemorrhage_is_told_with_its_slices_and_subtypes_the_likeliest_first():
    found = detection(
        {
            "hemorrhage": [0.1, 0.6, 0.97, 0.9, 0.7, 0.1],
            "subdural": [0.1, 0.64, 0.6, 0.1, 0.1, 0.1],
            "subarachnoid": [0.1, 0.1, 0.91, 0.1, 0.8, 0.1],
        }
    )
    assert found.sentence == (
        "Hemorrhage likely (97 %) on slices 2–5: subarachnoid (91 %) on slices 3, 5, "
        "subdural (64 %) on slices 2–3."
    )
    assert found.marked() == (1, 2, 3, 4)
    assert found.marked("subarachnoid") == (2, 4)
    assert found.is_likely()
    assert found.is_likely("subdural")
    assert not found.is_likely("epidural")


def test_a_hemorrhage_of_no_clear_subtype_says_so():
    found = detection({"hemorrhage": [0.1, 0.8, 0.1], "subdural": [0.1, 0.4, 0.1]})
    assert found.sentence == "Hemorrhage likely (80 %) on slice 2, of no clear subtype."


def test_a_scan_without_hemorrhage_names_its_likeliest_slice():
    found = detection({"hemorrhage": [0.01, 0.04, 0.02]})
    assert found.sentence == "No hemorrhage likely (4 %); the likeliest slice is 2."
    assert found.marked() == ()


def test_a_subtype_counts_only_where_hemorrhage_as_such_is_likely():
    found = detection({"hemorrhage": [0.1, 0.4], "epidural": [0.1, 0.55]})
    assert found.sentence == "No hemorrhage likely (40 %); the likeliest slice is 2."
    assert found.marked("epidural") == ()
    assert not found.is_likely("epidural")
    partly = detection({"hemorrhage": [0.9, 0.4], "epidural": [0.6, 0.7]})
    assert partly.marked("epidural") == (0,)
    assert partly.to_dict()["likely_classes"] == ["hemorrhage", "epidural"]
    elsewhere = detection({"hemorrhage": [0.9, 0.4], "epidural": [0.3, 0.7]})
    assert elsewhere.sentence == "Hemorrhage likely (90 %) on slice 1, of no clear subtype."


def test_slices_and_scans_have_thresholds_of_their_own():
    slices = np.zeros((4, len(CLASSES)), np.float32)
    slices[1:3, 0] = 0.3, 0.5
    low, high = (np.full(len(CLASSES), value, np.float32) for value in (0.25, 0.6))
    found = Detection(np.full(len(CLASSES), 0.5, np.float32), slices, low, scan_thresholds=high)
    assert found.marked() == (1, 2) and not found.is_likely()
    assert found.to_dict()["scan_thresholds"]["hemorrhage"] == pytest.approx(0.6)
    assert Detection(found.scan, slices, low).is_likely()
    assert Detection(found.scan, slices, low).to_dict()["scan_thresholds"]["hemorrhage"] == 0.25


def test_slices_are_ranked_by_any_hemorrhage_and_alike_ones_stay_in_order():
    found = detection({"hemorrhage": [0.2, 0.9, 0.2, 0.95]})
    assert found.ranked() == (3, 1, 0, 2)
    assert found.ranked(2) == (3, 1)


@pytest.mark.parametrize(
    ("indices", "text"), [([3], "4"), ([0, 1, 2], "1–3"), ([0, 2, 3, 9], "1, 3–4, 10"), ([], "")]
)
def test_slice_numbers_are_written_as_people_count(indices: list[int], text: str):
    assert slice_numbers(indices) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0.004, "< 1 %"), (0.5, "50 %"), (0.99, "99 %"), (0.999, "> 99 %")]
)
def test_certainty_is_never_claimed(probability: float, text: str):
    assert in_percent(probability) == text


def test_its_document_is_json_and_holds_every_slice_of_every_class():
    found = detection({"hemorrhage": [0.1, 0.8, 0.7], "subdural": [0.1, 0.4, 0.6]})
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["slices"]["hemorrhage"] == [0.1, 0.8, 0.7]
    assert document["scan"]["subdural"] == 0.6
    assert document["marked_slices"]["hemorrhage"] == [1, 2]
    assert document["marked_slices"]["subdural"] == [2]
    assert document["ranked_slices"] == [1, 2, 0]
    assert document["likely"] is True
    assert document["sentence"] == found.sentence
    assert set(document["slices"]) == set(document["thresholds"]) == set(CLASSES)
