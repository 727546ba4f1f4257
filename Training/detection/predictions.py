"""What a detector said of each slice, beside what readers saw: one table for every evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import InputError

from ..datasets.case import SUBTYPE_IDS, SliceLabel
from ..datasets.prepared import write_rows
from ..datasets.tables import read_rows

CLASSES = ("any", *SUBTYPE_IDS)
"""In the order of RSNA's table: what the six outputs of a detector stand for."""

CLASS_WEIGHTS = (2.0, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Of each class in the weighted log loss, see :mod:`.loss`."""

Flags = tuple[bool | None, ...]


@dataclass(frozen=True)
class SlicePrediction:
    """One slice.

    Attributes:
        case: the scan's name.
        patient: of whom it is.
        slice: counted from 1, from inferior to superior.
        flags: what readers saw on it, one for each of ``CLASSES``; None where nobody told.
        scan_flags: the same for the whole scan.
        logits: what the detector says, one for each of ``CLASSES``.
    """

    case: str
    patient: str
    slice: int
    flags: Flags
    scan_flags: Flags
    logits: tuple[float, ...]


def predictions_of(
    case: str,
    patient: str,
    flags: NDArray[np.integer],
    scan_label: SliceLabel | None,
    logits: NDArray[np.floating],
) -> list[SlicePrediction]:
    """The rows of a scan.

    Args:
        flags: ``[N, 6]`` of 0 and 1; anything else is unknown.
        scan_label: what is known of the whole scan; None takes it from the slices.
        logits: ``[N, 6]``.
    """
    rows = [tuple(bool(flag) if flag in (0, 1) else None for flag in seen) for seen in flags.tolist()]
    whole = _together(rows) if scan_label is None else scan_label.flags
    return [
        SlicePrediction(case, patient, number, seen, whole, tuple(said))
        for number, (seen, said) in enumerate(zip(rows, logits.tolist(), strict=True), 1)
    ]


def write_predictions(path: Path, rows: Sequence[SlicePrediction]) -> None:
    """Write the table as CSV: ``case, patient, slice``, the flags of slice and scan, the logits."""
    write_rows(path, ["case", "patient", "slice", *_names("", "_scan", "_logit")], [_cells(r) for r in rows])


def read_predictions(paths: Sequence[Path]) -> list[SlicePrediction]:
    """The rows of one or more tables.

    Raises:
        InputError: a table is missing, lacks a column or a number, or two rows are of the same slice.
    """
    needed = ["case", "patient", "slice", *_names("", "_scan", "_logit")]
    rows = [_row(row, path) for path in paths for row in read_rows(path, needed)]
    if len({(row.case, row.slice) for row in rows}) < len(rows):
        raise InputError(
            f"Expected every slice once in {', '.join(path.name for path in paths)}, found some twice.",
            "Give the tables of different folds.",
        )
    return rows


def by_case(rows: Sequence[SlicePrediction]) -> dict[str, list[SlicePrediction]]:
    """The rows of each scan."""
    found: dict[str, list[SlicePrediction]] = {}
    for row in rows:
        found.setdefault(row.case, []).append(row)
    return found


def _names(*endings: str) -> list[str]:
    return [name + ending for ending in endings for name in CLASSES]


def _together(rows: Sequence[Flags]) -> Flags:
    """Of a scan: there if on some slice, absent if on none, else unknown."""
    return tuple(
        True if any(column) else (None if None in column else False) for column in zip(*rows, strict=True)
    )


def _cells(row: SlicePrediction) -> dict[str, object]:
    said = ["" if flag is None else str(int(flag)) for flag in (*row.flags, *row.scan_flags)]
    said += [f"{value:.5f}" for value in row.logits]
    named = dict(zip(_names("", "_scan", "_logit"), said, strict=True))
    return {"case": row.case, "patient": row.patient, "slice": row.slice, **named}


def _row(row: dict[str, str], path: Path) -> SlicePrediction:
    def flags(ending: str) -> Flags:
        return tuple(bool(int(row[name])) if row[name] else None for name in _names(ending))

    try:
        logits = tuple(float(row[name]) for name in _names("_logit"))
        return SlicePrediction(
            row["case"], row["patient"], int(row["slice"]), flags(""), flags("_scan"), logits
        )
    except ValueError as error:
        raise InputError(
            f"Expected flags and logits in {path.name}, found something else ({error}).",
            "Give a table that 'python -m Training.detection' wrote.",
        ) from error
