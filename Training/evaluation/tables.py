"""``results.json`` and ``cases.csv``: everything that was measured, for programs and spreadsheets."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ICHSegmentationLib import __version__
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.report.numbers import RESEARCH_USE

from .agreement import Agreement
from .case import CaseMetrics
from .summary import METRICS, Problem, Summary

POOLED = "any"
"""The label of a row that compares all labels together."""

COLUMNS = (
    "case", "label", "subtypes", "reference_ml", "volume_ml", "volume_error_ml", *METRICS,
    "reference_lesions", "found_lesions", "predicted_lesions", "false_lesions",
    "covered", "tada_ml", "abc2_ml", "tada_of_ml",
)  # fmt: skip


def write_json(summary: Summary, problems: Sequence[Problem], path: Path) -> None:
    """Everything, with the settings and the versions behind it; numbers that do not exist are null."""
    content = {
        "research_use_only": RESEARCH_USE,
        "versions": {
            "ichsegmentation": __version__,
            **{name: version(name) for name in ("monai", "numpy", "scipy")},
        },
        "problems": [asdict(problem) for problem in problems],
        **asdict(summary),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(cases: Sequence[CaseMetrics], path: Path) -> None:
    """A row for each case and label, and one of all labels together (``any``).

    Where the masks do not both tell subtypes, a label's row holds only how much of it is covered.
    """
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for case in cases for row in _rows(case))


def _rows(case: CaseMetrics) -> Iterator[dict[str, Any]]:
    formula = {
        "tada_ml": case.formula.tada_ml,
        "abc2_ml": case.formula.abc2_ml,
        "tada_of_ml": case.formula.of_ml,
    }
    yield _row(case, POOLED, case.pooled) | {"subtypes": " ".join(case.subtypes)} | formula
    for label in dict.fromkeys((*case.by_label, *case.covered)):
        agreement = case.by_label.get(label)
        compared = _row(case, label, agreement) if agreement else {"case": case.name, "label": label}
        yield compared | {"covered": case.covered.get(label)}


def _row(case: CaseMetrics, label: str, agreement: Agreement) -> dict[str, Any]:
    counts = {f"{name}_lesions": count for name, count in asdict(agreement.lesions).items()}
    numbers = {key: getattr(agreement, key) for key in METRICS}
    volumes = {key: getattr(agreement, key) for key in ("reference_ml", "volume_ml", "volume_error_ml")}
    return {"case": case.name, "label": label, **volumes, **numbers, **counts}
