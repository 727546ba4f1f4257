"""What the summary tells of a case: one flat row, a column a number."""

from collections.abc import Mapping
from typing import Any

from ..detection import CLASSES
from ..labels import LABELS
from .case import Case, LeftOut
from .outcome import Outcome, Problem

Row = dict[str, Any]

STATUSES = ("done", "failed", "waiting", "left out")
VOLUMES = ("total_volume_ml", *(f"{label.id}_ml" for label in LABELS))
DETECTED = tuple(f"detected_{label}" for label in CLASSES)
"""The detector's probability of each class for the scan as a whole."""

COLUMNS = (
    "case", "status", *VOLUMES, "lesions", "tada_total_ml", "detected", *DETECTED, "second_look", "warnings",
    "error_code", "error", "seconds",
)  # fmt: skip
"""The columns of every summary; those that an input brings along come after them."""

# Of a row and of no column: what to do about an error, and the exit code that it gives.
HINT, EXIT_CODE = "hint", "exit_code"


def row_of(case: Case | LeftOut, status: str, **told: Any) -> Row:
    """A row; what is not told is None. Columns of the input that bear one of our names get another."""
    given = {f"input_{name}" if name in COLUMNS else name: text for name, text in case.columns.items()}
    return {**dict.fromkeys(COLUMNS), "case": case.name, "status": status, **told, "input": given}


def row_of_outcome(case: Case, outcome: Outcome) -> Row:
    result = outcome.result
    if isinstance(result, Problem):
        return row_of(
            case,
            "failed",
            error_code=result.code,
            error=result.message,
            seconds=outcome.seconds,
            **{HINT: result.hint, EXIT_CODE: result.exit_code},
        )
    return row_of(case, "done", seconds=outcome.seconds, **_measured(result.measurements))


def _measured(measurements: Mapping[str, Any]) -> Row:
    lesions = measurements["lesions"]
    by_label = {
        f"{label.id}_ml": sum((lesion["volume_ml"] for lesion in lesions if lesion["label"] == label.id), 0.0)
        for label in LABELS
    }
    look = measurements.get("uncertainty")
    return {
        "total_volume_ml": measurements["total_volume_ml"],
        **by_label,
        "lesions": len(lesions),
        "tada_total_ml": measurements.get("tada_total_ml"),
        **_detected(measurements.get("detection")),
        "second_look": look["second_look"] if look else None,
        "warnings": list(dict.fromkeys([*measurements["warnings"], *(look["reasons"] if look else ())])),
    }


def _detected(detection: Mapping[str, Any] | None) -> Row:
    """Nothing where no detector judged the scan."""
    if not detection:
        return {}
    return {
        "detected": detection["likely"],
        **{f"detected_{label}": p for label, p in detection["scan"].items()},
    }
