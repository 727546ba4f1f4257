"""How well scores tell slices or scans with a finding from those without."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """An operating point: positive from ``threshold`` on."""

    threshold: float
    sensitivity: float
    specificity: float


def auc(flags: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float | None:
    """Area under the ROC curve; None where there are not both kinds.

    The chance that a positive scores higher than a negative, ties counting half (Hanley and McNeil,
    Radiology 1982).

    Args:
        flags: ``[N]`` of True and False.
        scores: ``[N]``.
        weights: ``[N]``, how often each counts.
    """
    flag, score = np.asarray(flags, dtype=bool), np.asarray(scores, dtype=np.float64)
    weight = np.ones(len(flag)) if weights is None else np.asarray(weights, dtype=np.float64)
    _, place = np.unique(score, return_inverse=True)
    levels = int(place.max()) + 1 if len(place) else 0
    positive = np.bincount(place[flag], weight[flag], levels)
    negative = np.bincount(place[~flag], weight[~flag], levels)
    if positive.sum() == 0 or negative.sum() == 0:
        return None
    below = np.cumsum(negative) - negative
    return float(positive @ (below + negative / 2) / (positive.sum() * negative.sum()))


def at_threshold(flags: ArrayLike, scores: ArrayLike, threshold: float) -> Point:
    """Sensitivity and specificity where scores from ``threshold`` on are positive; NaN of a kind that is not
    there."""
    flag, marked = np.asarray(flags, dtype=bool), np.asarray(scores) >= threshold
    return Point(float(threshold), _share(marked[flag]), _share(~marked[~flag]))


def at_sensitivity(flags: ArrayLike, scores: ArrayLike, sensitivity: float) -> Point:
    """The highest threshold that finds at least this share of the positives, of which there is one."""
    found = np.sort(np.asarray(scores, dtype=np.float64)[np.asarray(flags, dtype=bool)])
    needed = max(1, int(np.ceil(sensitivity * len(found) - 1e-9)))
    return at_threshold(flags, scores, found[len(found) - needed])


def at_specificity(flags: ArrayLike, scores: ArrayLike, specificity: float) -> Point:
    """The lowest threshold, out of the scores and just above the highest, that leaves at least this share of
    the negatives unmarked."""
    score = np.unique(np.asarray(scores, dtype=np.float64))
    thresholds = np.append(score, np.nextafter(score[-1], np.inf))
    negatives = np.sort(np.asarray(scores, dtype=np.float64)[~np.asarray(flags, dtype=bool)])
    unmarked = np.searchsorted(negatives, thresholds, side="left") / max(len(negatives), 1)
    return at_threshold(flags, scores, thresholds[np.argmax(unmarked >= specificity - 1e-9)])


def best_youden(flags: ArrayLike, scores: ArrayLike) -> Point:
    """The threshold, out of the scores, with the largest sum of sensitivity and specificity (Youden 1950)."""
    points = [at_threshold(flags, scores, threshold) for threshold in np.unique(np.asarray(scores))]
    return max(points, key=lambda point: point.sensitivity + point.specificity)


def log_loss(flags: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative log-likelihood; probabilities are kept 1e-7 away from 0 and 1."""
    flag = np.asarray(flags, dtype=bool)
    sure = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(flag, np.log(sure), np.log1p(-sure))))


def _share(marked: NDArray[np.bool_]) -> float:
    return float(marked.mean()) if len(marked) else float("nan")
