"""The numbers of a detector: per scan, per slice and per class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.detection.calibration import Calibration
from ICHSegmentationLib.errors import InputError

from .bootstrap import Interval, by_patient
from .calibration import Bin, expected_error, fit_temperature, reliability
from .metrics import Point, at_sensitivity, at_specificity, at_threshold, auc, best_youden, log_loss
from .predictions import CLASS_WEIGHTS, CLASSES, SlicePrediction, by_case

SPECIFIC, VERY_SPECIFIC = "specificity at least 0.9", "specificity at least 0.97"

UNCALIBRATED = Calibration()
"""Logits as they come; a scan is as likely as its likeliest slice."""


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
        best_temperature: the one that, without any offset, fits these slices, "any" alone.
        curve, calibration_error: of "any" on slices.
    """

    slices: tuple[ClassResult, ...]
    scans: tuple[ClassResult, ...]
    weighted_log_loss: float
    best_temperature: float
    curve: list[Bin]
    calibration_error: float


def evaluate(
    rows: Sequence[SlicePrediction],
    calibration: Calibration = UNCALIBRATED,
    held_out: Mapping[str, Calibration] | None = None,
    thresholds: tuple[Sequence[float], Sequence[float]] | None = None,
    resamples: int = 2000,
) -> Evaluation:
    """Judge what a detector said.

    Args:
        calibration: from logits to probabilities of slices and scans.
        held_out: of each case, for what depends on the calibration most: log loss, curve and calibration
            error. (AUCs would suffer from offsets that differ between the folds; thresholds need one scale.)
        thresholds: of the model for slices and for scans, by class; an operating point of each result.
        resamples: draws of patients for the intervals.

    Raises:
        InputError: there is no slice of which readers told whether there is hemorrhage.
    """
    if all(row.flags[0] is None for row in rows):
        raise InputError("Expected slices of which readers told, found none.")
    cases = by_case(rows)
    said = _judged(cases, dict.fromkeys(cases, calibration))
    sure = said if held_out is None else _judged(cases, held_out)
    ordered = [row for case in cases.values() for row in case]
    first = [case[0] for case in cases.values()]
    of_slices, of_scans = (
        _results(_flags(flags), whose, said[unit], sure[unit], thresholds and thresholds[unit], resamples)
        for unit, flags, whose in (
            (0, [row.flags for row in ordered], [row.patient for row in ordered]),
            (1, [row.scan_flags for row in first], [row.patient for row in first]),
        )
    )
    known = [number for number, row in enumerate(ordered) if row.flags[0] is not None]
    flags = np.array([bool(ordered[number].flags[0]) for number in known])
    curve = reliability(flags, sure[0][known, 0])
    return Evaluation(
        slices=of_slices,
        scans=of_scans,
        weighted_log_loss=_weighted(of_slices),
        best_temperature=fit_temperature(flags, [ordered[number].logits[0] for number in known]),
        curve=curve,
        calibration_error=expected_error(curve),
    )


def _judged(
    cases: Mapping[str, Sequence[SlicePrediction]], calibrations: Mapping[str, Calibration]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities ``[N, K]`` of all slices and ``[M, K]`` of all scans."""
    slices, scans = [], []
    for name, case in cases.items():
        logits = np.array([row.logits for row in case])
        slices.append(calibrations[name].of_all_images(logits))
        scans.append(calibrations[name].of_scan(logits))
    return np.concatenate(slices), np.stack(scans)


def _flags(rows: Sequence[tuple[bool | None, ...]]) -> NDArray[np.int8]:
    return np.array([[-1 if flag is None else int(flag) for flag in row] for row in rows], np.int8)


def _results(
    flags: NDArray[np.int8],
    patients: Sequence[str],
    said: NDArray[np.float64],
    sure: NDArray[np.float64],
    thresholds: Sequence[float] | None,
    resamples: int,
) -> tuple[ClassResult, ...]:
    found, whose = [], np.array(patients)
    for number, name in enumerate(CLASSES):
        known = flags[:, number] >= 0
        there = flags[known, number] > 0
        loss = log_loss(there, sure[known, number]) if known.any() else float("nan")
        threshold = None if thresholds is None else thresholds[number]
        found.append(_result(name, there, said[known, number], whose[known], loss, threshold, resamples))
    return tuple(found)


def _result(
    name: str,
    there: NDArray[np.bool_],
    score: NDArray[np.float64],
    patients: NDArray[np.str_],
    loss: float,
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
            SPECIFIC: at_specificity(there, score, 0.9),
            VERY_SPECIFIC: at_specificity(there, score, 0.97),
        }
        if threshold is not None:
            points["the model's threshold"] = at_threshold(there, score, threshold)
    return ClassResult(name, len(there), int(there.sum()), area, interval, points, loss)


def _weighted(slices: Sequence[ClassResult]) -> float:
    """Of the classes of which anything is known."""
    parts = [
        (weight, result.log_loss)
        for weight, result in zip(CLASS_WEIGHTS, slices, strict=True)
        if result.known
    ]
    return sum(weight * loss for weight, loss in parts) / sum(weight for weight, _ in parts)
