"""The default model on the validation cases: every case in a table, and what the tables add up to."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.volume import CTVolume, Volume

from .cases import Case, read_cases
from .metrics import agreement
from .results_page import results_page

_log = logging.getLogger(__name__)


def evaluate(data: Path, model: Path, out: Path, page: Path) -> None:
    """Segment every validation case; write ``out/cases.json`` and the page of tables."""
    segmenter = Segmenter(ModelFolder.open(model))
    rows = []
    for case in read_cases(data):
        if case.split == "validation":
            ct = read_ct(case.image)
            rows.append(_row(case, ct, segmenter(ct).mask))
            _log.info("%s", rows[-1])
    out.mkdir(parents=True, exist_ok=True)
    with atomic_path(out / "cases.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    with atomic_path(page) as temporary:
        temporary.write_text(results_page(rows, ModelFolder.open(model).manifest), encoding="utf-8")


def _row(case: Case, ct: CTVolume, mask: Volume) -> dict[str, Any]:
    row: dict[str, Any] = {"case": case.name, "subtypes": list(case.subtypes), "hemorrhage": case.hemorrhage}
    row["volume_ml"] = measure(mask).total_volume_ml
    if case.mask is not None:
        reference = read_mask(case.mask)
        compared = agreement(mask.voxels, reference.voxels, ct.grid.spacing, ct.grid.voxel_volume_mm3)
        row |= asdict(compared) | {"volume_error_ml": compared.volume_error_ml}
        row["tada_of_reference_ml"] = measure(reference).tada_total_ml
    else:
        touched = {int(index) for index in np.flatnonzero(mask.voxels.any(axis=(1, 2)))}
        bleeding = set(case.bleeding_slices)
        row |= {
            "slices": ct.voxels.shape[0],
            "bleeding_slices": len(bleeding),
            "bleeding_slices_touched": len(touched & bleeding),
            "other_slices_touched": len(touched - bleeding),
        }
    return row
