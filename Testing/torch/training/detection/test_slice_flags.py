"""What readers said of slices, whatever the data set tells: slices, masks, or the whole scan alone."""

from pathlib import Path

import numpy as np
import pytest

from ICHSegmentationLib.errors import InputError
from Training.datasets.case import Case, SliceLabel
from Training.detection.slices import LabelledSlices, SliceScan, flags_of


def case(**known):
    return Case("a", "a", Path("a.nii.gz"), **known)


def test_labels_of_slices_stand_as_they_are():
    labels = (SliceLabel(), SliceLabel.of({"epidural", "subdural"}))
    found = flags_of(case(slice_labels=labels), None, 2)
    assert found.tolist() == [[0] * 6, [1, 1, 0, 0, 0, 1]]


def test_hemorrhage_without_a_name_may_be_any_that_the_scan_has():
    labels = (SliceLabel(any=True), SliceLabel())
    some = SliceLabel.of({"epidural", "intraventricular"})
    found = flags_of(case(slice_labels=labels, scan_labels=some), None, 2)
    assert found.tolist() == [[1, -1, 0, -1, 0, 0], [0] * 6]
    assert flags_of(case(slice_labels=labels), None, 2)[0].tolist() == [1, -1, -1, -1, -1, -1]


def test_a_mask_tells_its_slices():
    mask = np.zeros((3, 4, 4), np.uint8)
    mask[1, 1, 1], mask[2, 0, 0] = 3, 1  # intraventricular; hemorrhage of no told subtype
    found = flags_of(case(), mask, 3)
    assert found.tolist() == [[0] * 6, [1, 0, 0, 1, 0, 0], [1, -1, -1, -1, -1, -1]]


def test_a_scan_without_hemorrhage_has_none_on_any_slice():
    found = flags_of(case(scan_labels=SliceLabel()), None, 2)
    assert (found == 0).all()


def test_of_a_scan_with_hemorrhage_only_the_absent_subtypes_are_known():
    found = flags_of(case(scan_labels=SliceLabel.of({"subarachnoid"})), None, 2)
    assert found.tolist() == [[-1, 0, 0, 0, -1, 0]] * 2
    assert (flags_of(case(scan_labels=SliceLabel(any=True)), None, 2) == -1).all()
    assert (flags_of(case(scan_labels=SliceLabel(), disputed=True), None, 2) == -1).all()


def test_only_slices_of_which_something_is_known_are_learned_from(tmp_path):
    windows = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((3, 3, 2, 2), np.uint8)
    file = tmp_path / "windows.npy"
    np.save(file, windows)
    flags = np.full((3, 6), -1, np.int8)
    flags[2, 0] = 1
    slices = LabelledSlices([SliceScan(case(), file, flags)])
    assert len(slices) == 1 and slices[0][0].unique().tolist() == [2]
    with pytest.raises(InputError, match="readers told"):
        LabelledSlices([SliceScan(case(), file, np.full((3, 6), -1, np.int8))])
