"""A model on what versions are chosen by: the training scans, and painted heads that nobody learned from.

The validation scans are left for telling what the chosen version does.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.labels import SUBTYPES, Label
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.preparation.orientation import Reorientation

from .cases import Case, read_cases
from .markdown import number, table
from .prepare import real_scan
from .sampling import IGNORE
from .slices import SliceFindings, slice_findings, touched

_log = logging.getLogger(__name__)

_FIRST_HEAD = 600  # the training has seeds from 1000 on
_HEADS_OF_EACH = 4


@dataclass(frozen=True)
class Overlap:
    """What was found of a hemorrhage that is known voxel by voxel.

    Attributes:
        group: what kind of scan this is.
        reference_ml: the volume to be found; what is unknown counts nowhere.
        found_ml: the volume marked.
        dice: of both; 1 where neither holds anything.
    """

    group: str
    reference_ml: float
    found_ml: float
    dice: float


def overlap(group: str, found: NDArray[np.bool_], target: NDArray[np.uint8], voxel_mm3: float) -> Overlap:
    """Of ``found`` with ``target``, both ``[D, H, W]``, the latter 0, 1 or 255 (unknown)."""
    reference, marked = target == 1, found & (target != IGNORE)
    total = int(reference.sum()) + int(marked.sum())
    dice = 2 * int((reference & marked).sum()) / total if total else 1.0
    ml = voxel_mm3 / 1000
    return Overlap(group, int(reference.sum()) * ml, int(marked.sum()) * ml, dice)


def judge(data: Path, model: Path, heads: int = _HEADS_OF_EACH, threads: int | None = None) -> str:
    """Segment every training scan and painted ``heads`` of each subtype and without; a page in Markdown."""
    segmenter = Segmenter(ModelFolder.open(model), threads=threads)
    outlined: list[Overlap] = []
    by_slice: list[SliceFindings] = []
    for case in (case for case in read_cases(data) if case.split == "train"):
        if case.mask is not None:
            outlined.append(_against_mended_mask(case, segmenter))
        else:
            by_slice.append(slice_findings(case, segmenter(read_ct(case.image)).mask))
        _log.info("%s", case.name)
    for position in range(heads * (len(SUBTYPES) + 1)):
        subtype = [*SUBTYPES, None][position % (len(SUBTYPES) + 1)]
        outlined.append(_on_painted_head(_FIRST_HEAD + position, subtype, segmenter))
        _log.info("%s", outlined[-1])
    return judgement_page(outlined, by_slice)


def judgement_page(outlined: Sequence[Overlap], by_slice: Sequence[SliceFindings]) -> str:
    """What all of it adds up to."""
    groups = dict.fromkeys(one.group for one in outlined)
    rows = [_row(group, [one for one in outlined if one.group == group]) for group in groups]
    bleeding = [scan for scan in by_slice if scan.bleeding]
    clean = [scan.volume_ml for scan in by_slice if not scan.bleeding]
    on = [ml for scan in bleeding for ml in scan.on_bleeding]
    others = [ml for scan in bleeding for ml in scan.on_others]
    return "\n".join(
        [
            table(["group", "scans", "mean Dice", "MAE mL", "mean mL to find", "mean mL found"], rows),
            f"Traumatic scans: {touched(on)} of {len(on)} bleeding slices touched, "
            f"{touched(others)} of {len(others)} others.",
            f"Scans without hemorrhage: {touched(clean)} of {len(clean)} marked, "
            f"the largest false volume is {max(clean, default=0.0):.2f} mL.",
        ]
    )


def _against_mended_mask(case: Case, segmenter: Segmenter) -> Overlap:
    ct = read_ct(case.image)
    order = Reorientation.of(ct.grid)
    found = order.apply(segmenter(ct).mask.voxels) > 0
    target = real_scan(case).target
    return overlap("deep hematomas, mended silver masks", found, target, ct.grid.voxel_volume_mm3)


def _on_painted_head(seed: int, subtype: Label | None, segmenter: Segmenter) -> Overlap:
    head = make_phantom(seed, subtype.id if subtype else None)
    found = segmenter(head.ct).mask.voxels > 0
    group = f"painted heads, {subtype.name.lower() if subtype else 'no hemorrhage'}"
    return overlap(group, found, (head.mask.voxels > 0).astype(np.uint8), head.ct.grid.voxel_volume_mm3)


def _row(group: str, members: Sequence[Overlap]) -> list[str]:
    errors = [abs(one.found_ml - one.reference_ml) for one in members]
    means = (errors, [one.reference_ml for one in members], [one.found_ml for one in members])
    dice = number(float(np.mean([one.dice for one in members])), 3)
    return [group, str(len(members)), dice, *(number(float(np.mean(values))) for values in means)]
