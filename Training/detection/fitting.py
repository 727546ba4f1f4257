"""The calibration of a detector, fitted to what it said of scans that it had not learned from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ICHSegmentationLib.detection.calibration import Calibration

from .calibration import fit_platt
from .predictions import SlicePrediction, by_case
from .shares import fit_shares

_DIGITS = 4


def fit_calibration(rows: Sequence[SlicePrediction], known: Sequence[SlicePrediction] = ()) -> Calibration:
    """Temperatures and offsets of any hemorrhage on slices and scans, and the shares of the subtypes.

    Args:
        known: of other scans, whose subtypes are known, as they were painted for example. How often such
            scans bleed means nothing; they help to tell the subtypes.
    """
    slices = _of_slices(rows)
    temperature, offset = _of_scans(rows, slices)
    return replace(
        slices,
        scan_temperature=temperature,
        scan_offsets=_of_any(offset),
        shares=fit_shares([rows, known], slices),
    )


def out_of_fold(
    tables: Sequence[Sequence[SlicePrediction]], known: Sequence[Sequence[SlicePrediction]] = ()
) -> dict[str, Calibration]:
    """For each case the calibration fitted to the other tables, one a fold, each with its ``known``."""
    found: dict[str, Calibration] = {}
    for number, table in enumerate(tables):
        fitted = fit_calibration(_without(tables, number), _without(known, number))
        found |= dict.fromkeys((row.case for row in table), fitted)
    return found


def _without(tables: Sequence[Sequence[SlicePrediction]], number: int) -> list[SlicePrediction]:
    return [row for other, rows in enumerate(tables) if other != number for row in rows]


def _of_slices(rows: Sequence[SlicePrediction]) -> Calibration:
    told = [row for row in rows if row.flags[0] is not None]
    temperature, offset = fit_platt([bool(row.flags[0]) for row in told], [row.logits[0] for row in told])
    shortest = min(len(case) for case in by_case(rows).values())
    return Calibration(round(temperature, _DIGITS), _of_any(offset), scan_images=shortest)


def _of_scans(rows: Sequence[SlicePrediction], slices: Calibration) -> tuple[float, float]:
    told = [case for case in by_case(rows).values() if case[0].scan_flags[0] is not None]
    expected = [slices.log_expected(np.array([row.logits for row in case]))[0] for case in told]
    temperature, offset = fit_platt([bool(case[0].scan_flags[0]) for case in told], expected)
    return round(temperature, _DIGITS), offset


def _of_any(offset: float) -> tuple[float, ...]:
    return round(offset, _DIGITS), 0.0, 0.0, 0.0, 0.0, 0.0
