"""The numbers of a detector: per scan, per slice and per class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import InputError

from .bootstrap import Interval, by_patient
from .calibration import Bin, expected_error, fit_temperature, probabilities, reliability
from .metrics import Point, at_sensitivity, at_specificity, at_threshold, auc, best_youden, log_loss
from .predictions import CLASS_WEIGHTS, CLASSES, SlicePrediction


@dataclass(frozen=True)
class ClassResult:
    """One class, of slices or of scans.

    Attributes:
        known, positive: how many there are of which readers told, and how many have it.
        auc, interval: None where all or none have it.
        points: sensitivity and specificity by name of the threshold's choice; empty where there is no AUC.
        log_loss: of the probabilities.
    """

    name: str
    known: int
    positive: int
    auc: float | None
    interval: Interval | None
    points: dict[str, Point]
    log_loss: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that is told of a detector.

    Attributes:
        slices, scans: by class, in the order of ``CLASSES``.
        weighted_log_loss: of the slices, as the RSNA challenge counts it ("any" twice).
        temperature: by which the logits were divided.
        best_temperature: the one that fits these slices, "any" alone.
        curve, calibration_error: of "any" on slices.
    """

    slices: tuple[ClassResult, ...]
    scans: tuple[ClassResult, ...]
    weighted_log_loss: float
    temperature: float
    best_temperature: float
    curve: list[Bin]
    calibration_error: float


def evaluate(
    rows: Sequence[SlicePrediction],
    temperature: float = 1.0,
    scan_slices: int = 1,
    thresholds: Sequence[float] | None = None,
    resamples: int = 2000,
) -> Evaluation:
    """Judge what a detector said.

    Args:
        temperature: divides the logits.
        scan_slices: a scan's probability is the mean of that many of its likeliest slices, as in use.
        thresholds: of the model, by class; an operating point of each result.
        resamples: draws of patients for the intervals.

    Raises:
        InputError: there is no slice of which readers told whether there is hemorrhage.
    """
    flags = _flags([row.flags for row in rows])
    if not rows or not (flags[:, 0] >= 0).any():
        raise InputError("Expected slices of which readers told, found none.")
    said = probabilities([row.logits for row in rows], temperature)
    patients = np.array([row.patient for row in rows])
    first = _first_rows([row.case for row in rows])
    of_scans = np.stack([_highest(said[part], scan_slices) for part in first.values()])
    start = [part.start for part in first.values()]
    scan_flags = _flags([rows[number].scan_flags for number in start])
    slices = _results(flags, said, patients, thresholds, resamples)
    known = flags[:, 0] >= 0
    curve = reliability(flags[known, 0] > 0, said[known, 0])
    return Evaluation(
        slices=slices,
        scans=_results(scan_flags, of_scans, patients[start], thresholds, resamples),
        weighted_log_loss=_weighted(slices),
        temperature=temperature,
        best_temperature=fit_temperature(
            flags[known, 0] > 0, [row.logits[0] for row in rows if row.flags[0] is not None]
        ),
        curve=curve,
        calibration_error=expected_error(curve),
    )


def _first_rows(cases: Sequence[str]) -> dict[str, slice]:
    """The rows of each scan, which lie together."""
    found: dict[str, slice] = {}
    for number, case in enumerate(cases):
        start = found[case].start if case in found else number
        if case in found and found[case].stop != number:
            raise InputError(f"Expected the slices of {case} one after the other, found others between.")
        found[case] = slice(start, number + 1)
    return found


def _flags(rows: Sequence[tuple[bool | None, ...]]) -> NDArray[np.int8]:
    return np.array([[-1 if flag is None else int(flag) for flag in row] for row in rows], np.int8)


def _highest(said: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    highest: NDArray[np.float64] = np.sort(said, axis=0)[-count:].mean(axis=0)
    return highest


def _results(
    flags: NDArray[np.int8],
    said: NDArray[np.float64],
    patients: NDArray[np.str_],
    thresholds: Sequence[float] | None,
    resamples: int,
) -> tuple[ClassResult, ...]:
    found = []
    for number, name in enumerate(CLASSES):
        known = flags[:, number] >= 0
        there, score = flags[known, number] > 0, said[known, number]
        threshold = None if thresholds is None else thresholds[number]
        found.append(_result(name, there, score, patients[known], threshold, resamples))
    return tuple(found)


def _result(
    name: str,
    there: NDArray[np.bool_],
    score: NDArray[np.float64],
    patients: NDArray[np.str_],
    threshold: float | None,
    resamples: int,
) -> ClassResult:
    area = auc(there, score)
    points, interval = {}, None
    if area is not None:
        interval = by_patient(patients, lambda weights: auc(there, score, weights), resamples)
        points = {
            "best Youden index": best_youden(there, score),
            "sensitivity at least 0.95": at_sensitivity(there, score, 0.95),
            "specificity at least 0.9": at_specificity(there, score, 0.9),
        }
        if threshold is not None:
            points["the model's threshold"] = at_threshold(there, score, threshold)
    loss = log_loss(there, score) if len(there) else float("nan")
    return ClassResult(name, len(there), int(there.sum()), area, interval, points, loss)


def _weighted(slices: Sequence[ClassResult]) -> float:
    """Of the classes of which anything is known."""
    parts = [
        (weight, result.log_loss)
        for weight, result in zip(CLASS_WEIGHTS, slices, strict=True)
        if result.known
    ]
    return sum(weight * loss for weight, loss in parts) / sum(weight for weight, _ in parts)
