"""What the cases of a data set look like together: grids, HU, volumes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ICHSegmentationLib.labels import LABELS

from .checks import CaseReport, Densities
from .histogram import Histogram

_PERCENTILES = (0, 10, 50, 90, 100)


def fingerprint(reports: Sequence[CaseReport], densities: Iterable[Densities]) -> dict[str, Any]:
    """Medians and percentiles over cases; HU over the voxels of all cases together.

    Args:
        reports: of the cases that may be trained on; held-out ones must not shape a model.
        densities: of the same cases; read one at a time.

    Returns:
        ``spacing_mm`` and ``shape`` (slices, rows, columns), ``hu`` (``foreground``: inside the masks;
        ``brain``: inside the skull, outside the masks), ``volume_ml`` of all hemorrhage and of each label,
        over the cases that have it.
    """
    foreground, brain = Histogram(), Histogram()
    for each in densities:
        foreground = Histogram.merged((foreground, each.foreground))
        brain = Histogram.merged((brain, each.brain))
    totals = [report.hemorrhage_ml for report in reports]
    return {
        "cases": len(reports),
        "cases_with_mask": sum(total is not None for total in totals),
        "cases_with_marked_hemorrhage": sum(bool(total) for total in totals),
        "spacing_mm": _over_cases([report.spacing_mm for report in reports]),
        "shape": _over_cases([report.shape for report in reports]),
        "hu": {"foreground": foreground.description(), "brain": brain.description()},
        "volume_ml": {
            "any": _volumes(totals),
            **{label.id: _volumes([_of(report, label.id) for report in reports]) for label in LABELS},
        },
    }


def _of(report: CaseReport, label: str) -> float | None:
    return None if report.volumes_ml is None else report.volumes_ml[label]


def _volumes(volumes: Sequence[float | None]) -> dict[str, Any]:
    there = [volume for volume in volumes if volume]
    if not there:
        return {"cases": 0}
    return {"cases": len(there), "total": round(sum(there), 3), **_over_cases(there)}


def _over_cases(values: Sequence[Any]) -> dict[str, Any]:
    found = np.percentile(np.array(values, dtype=np.float64), _PERCENTILES, axis=0).round(4).tolist()
    names = ["minimum", "percentile_10", "median", "percentile_90", "maximum"]
    return dict(zip(names, found, strict=True))
