"""How likely each subtype is where there is hemorrhage, fitted to slices and scans that bleed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.detection.calibration import Calibration
from ICHSegmentationLib.detection.subtype_shares import SubtypeShares

from .predictions import CLASSES, Flags, SlicePrediction, by_case

_SUBTYPES = len(CLASSES) - 1
_UNKNOWN = -1
_DIGITS = 4


@dataclass(frozen=True)
class _Bleeding:
    """Slices, or scans, that bleed.

    Attributes:
        flags: ``[N, K - 1]`` 0, 1, or -1 where nobody told.
        said: ``[N, K - 1, F]``, what a subtype's share is made of.
    """

    flags: NDArray[np.int8]
    said: NDArray[np.float64]


def fit_shares(sets: Sequence[Sequence[SlicePrediction]], slices: Calibration) -> SubtypeShares:
    """The shares that fit these sets of scans, each of which weighs the same, however large it is.

    Args:
        slices: the calibration of any hemorrhage on slices.
    """
    slopes, any_slopes, offsets = _regressions([_slices(rows) for rows in sets if rows])
    # What slices say leads to what is expected of a scan; the scan's own numbers do not count before that.
    unknown = (0.0,) * _SUBTYPES
    shares = SubtypeShares(slopes, any_slopes, offsets, scan_slopes=unknown, scan_offsets=unknown)
    judging = replace(slices, shares=shares)
    scan_slopes, scan_offsets = _regressions([_scans(rows, judging) for rows in sets if rows])
    return replace(shares, scan_slopes=scan_slopes, scan_offsets=scan_offsets)


def _slices(rows: Sequence[SlicePrediction]) -> _Bleeding:
    """Each with a subtype's logit and that of any hemorrhage."""
    bleeding = [row for row in rows if row.flags[0]]
    logits = np.array([row.logits for row in bleeding]).reshape(-1, len(CLASSES))
    own, of_any = logits[:, 1:], np.repeat(logits[:, :1], _SUBTYPES, axis=1)
    return _Bleeding(_flags([row.flags for row in bleeding]), np.stack([own, of_any], axis=-1))


def _scans(rows: Sequence[SlicePrediction], judging: Calibration) -> _Bleeding:
    """Each with the logarithm of which part of its bleeding slices is expected to show a subtype."""
    cases = [case for case in by_case(rows).values() if case[0].scan_flags[0]]
    expected = [judging.log_expected(np.array([row.logits for row in case])) for case in cases]
    numbers = np.array(expected).reshape(-1, len(CLASSES))
    parts = numbers[:, 1:] - numbers[:, :1]
    return _Bleeding(_flags([case[0].scan_flags for case in cases]), parts[..., None])


def _flags(rows: Sequence[Flags]) -> NDArray[np.int8]:
    known = [[_UNKNOWN if flag is None else flag for flag in row[1:]] for row in rows]
    return np.array(known, np.int8).reshape(-1, _SUBTYPES)


def _regressions(sets: Sequence[_Bleeding]) -> list[tuple[float, ...]]:
    """Of each slope, and last of the offset, the numbers of all subtypes."""
    fitted = [_regression(sets, place) for place in range(_SUBTYPES)]
    return [tuple(round(float(number), _DIGITS) for number in each) for each in zip(*fitted, strict=True)]


def _regression(sets: Sequence[_Bleeding], place: int) -> list[float]:
    """Slopes and offset of a logistic regression; its ridge keeps a handful of examples from looking certain.

    Where nobody saw the subtype, or all that bleed have it, its share is the same for all.
    """
    from sklearn.linear_model import LogisticRegression

    known = [each.flags[:, place] != _UNKNOWN for each in sets]
    flags = np.concatenate([each.flags[told, place] for each, told in zip(sets, known, strict=True)])
    said = np.concatenate([each.said[told, place] for each, told in zip(sets, known, strict=True)])
    positive = int(flags.sum())
    if positive in (0, len(flags)):
        return [0.0] * said.shape[1] + [float(np.log((positive + 1) / (len(flags) - positive + 1)))]
    counts = [int(told.sum()) for told in known if told.any()]
    weights = np.concatenate([np.full(count, len(flags) / len(counts) / count) for count in counts])
    found = LogisticRegression(C=1.0).fit(said, flags, weights)
    return [*found.coef_[0], found.intercept_[0]]
