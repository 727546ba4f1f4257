"""The calibration of a detector, fitted to what it said of scans that it had not learned from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ICHSegmentationLib.detection.calibration import Calibration

from .calibration import fit_offset, fit_platt
from .predictions import CLASSES, SlicePrediction, by_case

_DIGITS = 4
_SUBTYPES = range(1, len(CLASSES))


def fit_calibration(rows: Sequence[SlicePrediction]) -> Calibration:
    """Temperatures and offsets of slices and of scans.

    The temperatures are those of any hemorrhage; each subtype has an offset of its own. A slice with
    hemorrhage of a scan with several subtypes, of which nobody told which it shows, counts for each of them
    by an equal share.
    """
    return _of_scans(rows, _of_slices(rows))


def out_of_fold(tables: Sequence[Sequence[SlicePrediction]]) -> dict[str, Calibration]:
    """For each case the calibration fitted to the other tables, one a fold."""
    found: dict[str, Calibration] = {}
    for number, table in enumerate(tables):
        others = [row for other, rows in enumerate(tables) if other != number for row in rows]
        found |= dict.fromkeys((row.case for row in table), fit_calibration(others))
    return found


def _of_slices(rows: Sequence[SlicePrediction]) -> Calibration:
    logits = np.array([row.logits for row in rows])
    known = np.array([row.flags[0] is not None for row in rows])
    flags = np.array([bool(row.flags[0]) for row in rows])
    temperature, offset = fit_platt(flags[known], logits[known, 0])
    offsets = [offset]
    for number in _SUBTYPES:
        targets = np.array([_target(row, number) for row in rows])
        told = ~np.isnan(targets)
        offsets.append(fit_offset(targets[told], logits[told, number] / temperature))
    shortest = min(len(case) for case in by_case(rows).values())
    return Calibration(round(temperature, _DIGITS), _rounded(offsets), scan_images=shortest)


def _of_scans(rows: Sequence[SlicePrediction], slices: Calibration) -> Calibration:
    cases = by_case(rows).values()
    expected = np.stack([slices.log_expected(np.array([row.logits for row in case])) for case in cases])
    flags = [case[0].scan_flags for case in cases]
    known = [np.array([flag[number] is not None for flag in flags]) for number in range(len(CLASSES))]
    there = [np.array([bool(flag[number]) for flag in flags]) for number in range(len(CLASSES))]
    temperature, offset = fit_platt(there[0][known[0]], expected[known[0], 0])
    offsets = [
        fit_offset(there[number][known[number]], expected[known[number], number] / temperature)
        for number in _SUBTYPES
    ]
    return replace(
        slices, scan_temperature=round(temperature, _DIGITS), scan_offsets=_rounded([offset, *offsets])
    )


def _target(row: SlicePrediction, number: int) -> float:
    """0, 1 or a share; NaN where nothing is known."""
    told = row.flags[number]
    if told is not None:
        return float(told)
    if row.flags[0] and row.scan_flags[number]:
        return 1 / sum(bool(flag) for flag in row.scan_flags[1:])
    return float("nan")


def _rounded(offsets: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(offset, _DIGITS) for offset in offsets)
