"""An evaluation as Markdown tables, the paper's numbers beside ours."""

from collections.abc import Sequence

from ICHSegmentationLib.labels import SUBTYPES

from ..recipes.al_fahim_detector import PUBLISHED
from .evaluation import ClassResult, Evaluation

_SHORT = {"any": "any", **{label.id: label.abbreviation for label in SUBTYPES}}


def page(evaluation: Evaluation) -> str:
    """The tables of an evaluation."""
    parts = [
        "| class | AUC per scan | scans with / all | paper | AUC per slice | slices with / all | paper |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {_SHORT[scan.name]} | {_auc(scan)} | {scan.positive} / {scan.known} | "
            f"{PUBLISHED[scan.name].auc_scan:.4f} | {_auc(slice_)} | {slice_.positive} / {slice_.known} | "
            f"{PUBLISHED[scan.name].auc_slice:.4f} |"
            for scan, slice_ in zip(evaluation.scans, evaluation.slices, strict=True)
        ),
        "",
        "| any hemorrhage | threshold | sensitivity | specificity |",
        "|---|---|---|---|",
        *_points("scan", evaluation.scans),
        *_points("slice", evaluation.slices),
        "",
        'Weighted log loss of the slices ("any" counts twice): '
        f"{evaluation.weighted_log_loss:.4f}; log loss of any hemorrhage: "
        f"{evaluation.slices[0].log_loss:.4f}, of scans {evaluation.scans[0].log_loss:.4f}. Expected "
        f"calibration error {evaluation.calibration_error:.3f}. Without an offset, a temperature of "
        f"{evaluation.best_temperature:.2f} would fit these slices best.",
        "",
        "| slices | said | seen |",
        "|---|---|---|",
        *(f"| {part.count} | {part.said:.2f} | {part.seen:.2f} |" for part in evaluation.curve),
    ]
    return "\n".join(parts) + "\n"


def _auc(result: ClassResult) -> str:
    if result.auc is None:
        return "–"
    low, high = result.interval or (float("nan"), float("nan"))
    return f"{result.auc:.3f} ({low:.3f}–{high:.3f})"


def _points(unit: str, results: Sequence[ClassResult]) -> list[str]:
    return [
        f"| {unit}, {name} | {point.threshold:.3f} | {point.sensitivity:.3f} | {point.specificity:.3f} |"
        for name, point in results[0].points.items()
    ]
