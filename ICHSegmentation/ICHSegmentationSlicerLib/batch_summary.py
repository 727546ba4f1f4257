"""One table for many scans."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.printable import no_formula, printable

if TYPE_CHECKING:
    from .batch_run import BatchLine

_SUBTYPES = [label.id for label in LABELS]
COLUMNS = [
    "case",
    "state",
    "total_volume_ml",
    *[f"{name}_ml" for name in _SUBTYPES],
    "lesions",
    "message",
    "scan",
]


def write_summary(path: Path, lines: Iterable[BatchLine]) -> None:
    """Write a CSV with a row for each scan; volumes in mL, empty where a scan has no result.

    Raises:
        OutputError: or one of its kinds.
    """
    from ICHSegmentationLib.io.atomic import atomic_path

    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(_row(line) for line in lines)


def _row(line: BatchLine) -> dict[str, Any]:
    told = {"case": line.case, "state": line.state, "message": line.message, "scan": line.scan}
    row: dict[str, Any] = {name: no_formula(printable(str(text))) for name, text in told.items()}
    if line.measurements is not None:
        row |= {"total_volume_ml": line.measurements["total_volume_ml"]}
        row |= {f"{name}_ml": line.measurements["subtypes"].get(name, 0.0) for name in _SUBTYPES}
        row |= {"lesions": len(line.measurements["lesions"])}
    return row
