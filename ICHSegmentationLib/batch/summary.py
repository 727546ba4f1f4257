"""The summary of a batch: a table, the same as JSON with where it comes from, and a page."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..io.atomic import atomic_path
from ..printable import no_formula, printable
from ..report.numbers import RESEARCH_USE
from .index import index_page
from .rows import COLUMNS, EXIT_CODE, STATUSES, Row

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """What all results of a batch have in common.

    Attributes:
        model: as in ``measurements.json``; None where masks were given.
        settings, versions: as there.
        other_files: how many files of the input are neither an image nor DICOM, by ending.
    """

    model: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    other_files: Mapping[str, int]


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows have each status."""
    return {status: sum(row["status"] == status for row in rows) for status in STATUSES}


def write_summary(out_dir: Path, rows: Sequence[Row], provenance: Provenance) -> None:
    """Write ``summary.csv``, ``summary.json`` and ``index.html``, each of them whole or not at all.

    Raises:
        OutputError: or one of its kinds.
    """
    given = list(dict.fromkeys(name for row in rows for name in row["input"]))
    document = {
        "schema_version": SCHEMA_VERSION,
        "research_use_only": RESEARCH_USE,
        "counts": counts(rows),
        "model": provenance.model,
        "settings": provenance.settings,
        "versions": provenance.versions,
        "other_files": provenance.other_files,
        "cases": [{key: value for key, value in row.items() if key != EXIT_CODE} for row in rows],
    }
    with atomic_path(out_dir / "summary.json") as path:
        path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with atomic_path(out_dir / "index.html") as path:
        path.write_text(printable(index_page(rows, given, document)), encoding="utf-8")
    # Last: on Windows, Excel keeps it from being replaced while it shows it.
    with (
        atomic_path(out_dir / "summary.csv") as path,
        path.open("w", newline="", encoding="utf-8-sig") as stream,  # Excel takes it for UTF-8
    ):
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, *given])
        writer.writerows(
            [*(_cell(row[name]) for name in COLUMNS), *(_cell(row["input"].get(name, "")) for name in given)]
            for row in rows
        )


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(value) if isinstance(value, list) else value
    return no_formula(text) if isinstance(text, str) else text
