"""A model on the validation cases: every case in a table, and what the tables add up to."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import HEMORRHAGE
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.pipeline.confirmed import with_confirmed

from ..evaluation import CaseMetrics, evaluate_case, summarise
from .cases import Case, read_cases
from .results_page import results_page
from .slices import SliceFindings, slice_findings

_log = logging.getLogger(__name__)


def evaluate(
    data: Path, model: Path, out: Path, page: Path, command: str, threads: int | None = None
) -> None:
    """Segment every validation case; write ``out/cases.json`` and the page of tables.

    Args:
        command: what the page names as its origin.
    """
    segmenter = Segmenter(ModelFolder.open(model), threads=threads)
    detector = Detector.open(device="cpu", threads=threads)
    found = []
    for case in read_cases(data):
        if case.split == "validation":
            found.append(_judged(case, segmenter, detector))
            _log.info("%s", _row(found[-1]))
    out.mkdir(parents=True, exist_ok=True)
    with atomic_path(out / "cases.json") as temporary:
        rows = [_row(one) for one in found]
        temporary.write_text(json.dumps(rows, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    outlined = summarise([one for one in found if isinstance(one, CaseMetrics)])
    by_slice = [one for one in found if isinstance(one, SliceFindings)]
    with atomic_path(page) as temporary:
        text = results_page(outlined, by_slice, ModelFolder.open(model).manifest, command)
        temporary.write_text(text, encoding="utf-8")


def _judged(case: Case, segmenter: Segmenter, detector: Detector) -> CaseMetrics | SliceFindings:
    """As ``ichseg segment`` outlines it, against the outline where there is one, else against the slices that
    the readers named."""
    ct = read_ct(case.image)
    found, detection = segmenter(ct), detector.detect(ct)
    mask, _ = with_confirmed(ct, found.mask, found.specks, detection)
    if case.mask is not None:
        return evaluate_case(mask, read_mask(case.mask), case.name, case.subtypes)
    return slice_findings(case, mask, detection.of_slices(HEMORRHAGE.id).tolist())


def _row(found: CaseMetrics | SliceFindings) -> dict[str, Any]:
    if isinstance(found, SliceFindings):
        return {"case": found.name, **asdict(found)}
    pooled = asdict(found.pooled) | {"volume_error_ml": found.pooled.volume_error_ml}
    return {"case": found.name, "subtypes": list(found.subtypes), **pooled, "formula": asdict(found.formula)}
