"""Patient-wise folds: deterministic, alike in hemorrhage and its volume, and free of leaks."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ICHSegmentationLib.errors import InputError

from .case import HELD_OUT, Case

VOLUME_BANDS_ML = (30.0, 60.0)
"""By which Xu et al. (arXiv:2401.04570) split their results."""


@dataclass(frozen=True)
class Splits:
    """Names of cases.

    Attributes:
        folds: for each fold its validation cases; every case that is not held out is in exactly one.
        held_out: cases of the data set's own validation and test splits.
    """

    folds: tuple[tuple[str, ...], ...]
    held_out: tuple[str, ...]

    def training(self, fold: int) -> tuple[str, ...]:
        """The cases of all other folds."""
        return tuple(name for place, names in enumerate(self.folds) if place != fold for name in names)


def make_splits(
    cases: Sequence[Case], volumes_ml: Mapping[str, float | None], folds: int, seed: int
) -> Splits:
    """Deal the patients to ``folds`` folds.

    Patients are sorted by what they have (a mask, hemorrhage, its volume below 30, below 60 or above 60 mL),
    then by a hash of the seed and their id, and dealt round: so each fold gets its share of each kind, and
    the same seed gives the same folds on every computer.

    Args:
        volumes_ml: name of a case -> mL of hemorrhage; None where there is no mask.

    Raises:
        InputError: fewer than two folds, or fewer patients than folds.
    """
    patients: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.split not in HELD_OUT:
            patients[case.patient].append(case)
    if folds < 2 or len(patients) < folds:
        raise InputError(
            f"Expected at least two folds and a patient for each, found {folds} folds and {len(patients)} "
            "patients that are not held out.",
            "Ask for fewer folds.",
        )
    kinds = {
        patient: max(_kind(case, volumes_ml[case.name]) for case in of) for patient, of in patients.items()
    }
    order = sorted(patients, key=lambda patient: (kinds[patient], _hash(seed, patient), patient))
    dealt: list[list[str]] = [[] for _ in range(folds)]
    for place, patient in enumerate(order):
        dealt[place % folds] += [case.name for case in patients[patient]]
    held_out = sorted(case.name for case in cases if case.split in HELD_OUT)
    return Splits(tuple(tuple(sorted(names)) for names in dealt), tuple(held_out))


def _kind(case: Case, ml: float | None) -> tuple[bool, bool, int]:
    if ml is None:
        bleeds = case.scan_labels is None or case.scan_labels.any
        return False, bleeds, 0
    return True, ml > 0, sum(ml >= band for band in VOLUME_BANDS_ML)


def _hash(seed: int, patient: str) -> str:
    return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()
