"""Folds keep patients together, are alike, and are the same for the same seed everywhere."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ICHSegmentationLib.errors import InputError
from Training.datasets import Case, SliceLabel
from Training.datasets.splits import make_splits


def case(name, patient=None, split=None, scan_labels=None):
    return Case(name, patient or name, Path(f"{name}.nii.gz"), split=split, scan_labels=scan_labels)


@settings(deadline=None, max_examples=50)
@given(
    patients=st.lists(st.integers(0, 12), min_size=1, max_size=40),
    folds=st.integers(2, 5),
    seed=st.integers(0, 3),
)
def test_no_patient_is_in_two_folds_and_no_case_is_lost(patients, folds, seed):
    cases = [case(f"c{n}", f"p{patient}") for n, patient in enumerate(patients)]
    volumes = {each.name: float(n % 70) for n, each in enumerate(cases)}
    if len(set(patients)) < folds:
        with pytest.raises(InputError):
            make_splits(cases, volumes, folds, seed)
        return
    splits = make_splits(cases, volumes, folds, seed)
    dealt = [name for names in splits.folds for name in names]
    assert sorted(dealt) == sorted(volumes)
    patient_of = {each.name: each.patient for each in cases}
    homes = {(patient_of[name], fold) for fold, names in enumerate(splits.folds) for name in names}
    assert len(homes) == len(set(patients))
    for fold, names in enumerate(splits.folds):
        assert sorted([*names, *splits.training(fold)]) == sorted(volumes)


def test_each_fold_gets_its_share_of_clean_small_middle_and_large_hemorrhages():
    volumes = {f"c{n}": [0.0, 10.0, 45.0, 90.0][n % 4] for n in range(40)}
    splits = make_splits([case(name) for name in volumes], volumes, 5, 0)
    for names in splits.folds:
        assert Counter(volumes[name] for name in names) == {0.0: 2, 10.0: 2, 45.0: 2, 90.0: 2}


def test_cases_without_masks_are_dealt_by_what_readers_saw():
    seen = {f"c{n}": SliceLabel(any=n % 2 == 0) for n in range(20)}
    cases = [case(name, scan_labels=labels) for name, labels in seen.items()]
    splits = make_splits(cases, dict.fromkeys(seen), 5, 0)
    for names in splits.folds:
        assert Counter(seen[name].any for name in names) == {True: 2, False: 2}


def test_the_seed_alone_decides():
    volumes = {f"c{n}": float(n) for n in range(30)}
    cases = [case(name) for name in volumes]
    assert make_splits(cases, volumes, 5, 7) == make_splits(cases[::-1], volumes, 5, 7)
    assert make_splits(cases, volumes, 5, 7) != make_splits(cases, volumes, 5, 8)
    # Written down once: on another computer or with another Python it must come out the same.
    assert make_splits(cases[:6], volumes, 3, 0).folds == (("c0", "c5"), ("c2", "c4"), ("c1", "c3"))


def test_the_data_sets_own_validation_and_test_cases_are_in_no_fold():
    cases = [
        case("a"),
        case("b"),
        case("v", split="validation"),
        case("t", split="test"),
        case("c", split="train"),
    ]
    splits = make_splits(cases, dict.fromkeys("abvtc", 1.0), 3, 0)
    assert splits.held_out == ("t", "v")
    assert sorted(name for names in splits.folds for name in names) == ["a", "b", "c"]
