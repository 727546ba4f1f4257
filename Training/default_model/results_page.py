"""A page of results: the tables of an evaluation, written by the evaluation."""

from collections.abc import Sequence

from ICHSegmentationLib.models.manifest import Manifest

from ..evaluation import CaseMetrics, Summary
from ..evaluation.intervals import Distribution, Estimate, LimitsOfAgreement
from ..evaluation.summary import GroupSummary
from .markdown import number, percent, table, with_interval
from .slices import SliceFindings, sensitivity_at, touched

_SPECIFICITY = 0.95
_OUTLINED = "PHE-SICH-CT-IDS"


def results_page(
    outlined: Summary, by_slice: Sequence[SliceFindings], manifest: Manifest, command: str
) -> str:
    """The page for the scans with outlines, and for those of which readers named the slices.

    Args:
        command: what writes this page again.
    """
    traumatic = [scan for scan in by_slice if scan.bleeding]
    clean = [scan for scan in by_slice if not scan.bleeding]
    parts = [
        f"# Results of {manifest.name}\n",
        f"Model `{manifest.id}` {manifest.version}. Written by `{command}`.\n",
        "Research use only; not a medical device.\n",
        "These are the validation scans. The model was trained on other patients' scans of "
        f"{' and '.join(source.name for source in manifest.training.data)}; scans from elsewhere will fare "
        "worse.\n",
        "Outlined as by `ichseg segment`, so a region of 0.1 mL or more that is too small to count by itself "
        "stays where the detector marks hemorrhage and nothing else is outlined. What the embedded detector "
        "says of the same scans: [detection.md](detection.md#validation-split). "
        "The recipes of the five papers on the same scans: [results-recipes.md](results-recipes.md).\n",
        _outlined_section(outlined, any(source.name == _OUTLINED for source in manifest.training.data)),
        _traumatic_section(traumatic, clean),
        _clean_section(clean),
    ]
    return "\n".join(part for part in parts if part)


def _outlined_section(summary: Summary, collection_seen: bool) -> str:
    overall = summary.overall
    dice = overall.metrics["dice"] if overall else None
    if overall is None or dice is None:
        return ""
    lowest = min(case.pooled.dice for case in summary.cases)
    settings, metrics = summary.settings, overall.metrics
    unseen = "" if collection_seen else "The model learned from no scan of this collection.\n"
    return f"""## Deep intraparenchymal hematomas ({_OUTLINED}, {overall.cases} scans)

{unseen}The reference masks are **silver**: derived automatically as the bright region inside the
perihematomal edema that radiologists drew, then checked by eye; blood in the ventricles is often not in them.
The pixel spacing of this collection is nominal (0.45 x 0.45 x 5 mm), and so are the millilitres. NSD is at
{settings.tolerance_mm:g} mm. "Tada" is pi/6·A·B·C measured on the reference mask itself: its error is that of
the formula, not of anybody's outline. In brackets: {settings.confidence:.0%} intervals by bootstrap, see
[how it is measured](evaluation.md).

Mean Dice **{with_interval(dice.mean, 3)}**, lowest {lowest:.3f};
HD95 {_mean(metrics["hd95_mm"], 2)} mm, NSD {_mean(metrics["nsd"], 3)}, RVD {_mean(metrics["rvd"], 3)}.

{_volume_table(overall)}
{_case_table(summary.cases)}"""


def _volume_table(overall: GroupSummary) -> str:
    """The masks' volumes beside the formula's."""
    rows: list[tuple[str, int, Estimate, LimitsOfAgreement | None]] = [
        ("voxels", overall.cases, overall.volume_mae_ml, overall.volume_limits)
    ]
    formula = overall.formula
    if formula is not None:
        rows += [
            ("voxels, where the formula applies", formula.n, formula.voxels_mae_ml, None),
            ("Tada (pi/6·A·B·C)", formula.n, formula.tada_mae_ml, formula.tada_limits),
            ("A·B·C/2", formula.n, formula.abc2_mae_ml, None),
        ]
    return table(
        ["volume by", "scans", "MAE mL", "bias mL", "limits of agreement mL"],
        [[name, str(n), with_interval(mae), *_limits(limits)] for name, n, mae, limits in rows],
    )


def _case_table(cases: Sequence[CaseMetrics]) -> str:
    head = ["case", "reference mL", "found mL", "error mL", "Dice", "HD95 mm", "NSD", "RVD", "Tada mL"]
    return table([*head, "Tada error mL"], [_case_row(case) for case in cases])


def _case_row(case: CaseMetrics) -> list[str]:
    pooled, formula = case.pooled, case.formula
    return [
        case.name,
        number(pooled.reference_ml),
        number(pooled.volume_ml),
        number(pooled.volume_error_ml, sign=True),
        number(pooled.dice, 3),
        number(pooled.hd95_mm),
        number(pooled.nsd, 3),
        number(pooled.rvd, 3),
        number(formula.tada_ml),
        number(formula.tada_error_ml, sign=True),
    ]


def _traumatic_section(scans: Sequence[SliceFindings], clean: Sequence[SliceFindings]) -> str:
    if not scans:
        return ""
    bleeding = [ml for scan in scans for ml in scan.on_bleeding]
    head = ["case", "readers' subtypes", "found mL", "bleeding slices touched", "other slices touched"]
    rows = [
        [scan.name, ", ".join(scan.subtypes), number(scan.volume_ml), _touched(scan.on_bleeding),
         _touched(scan.on_others)]
        for scan in scans
    ]  # fmt: skip
    return f"""## Traumatic hemorrhages (PhysioNet CT-ICH, {len(scans)} scans)

Two radiologists named the slices that bleed and drew no outlines, so this tells where the model finds blood,
not how well it outlines it. Over all scans {touched(bleeding)} of {len(bleeding)} bleeding slices are touched
({percent(touched(bleeding), len(bleeding))}).
{_operating_point("Among the slices of these scans", scans)}
{_operating_point("With the slices of the scans without hemorrhage below", [*scans, *clean])}
{_by_detector(scans, clean)}

{table(head, rows)}"""


def _operating_point(which: str, scans: Sequence[SliceFindings]) -> str:
    """One point of the ROC curve by slice: how many bleeding slices are found at a fixed specificity."""
    bleeding = [ml for scan in scans for ml in scan.on_bleeding]
    others = [ml for scan in scans for ml in scan.on_others]
    if not others:
        return ""
    sensitivity, limit = sensitivity_at(_SPECIFICITY, bleeding, others)
    return (
        f"{which}, sensitivity is {sensitivity:.2f} at specificity {_SPECIFICITY:g} "
        f"(a slice counts as marked above {limit:.2f} mL)."
    )


def _by_detector(scans: Sequence[SliceFindings], clean: Sequence[SliceFindings]) -> str:
    """The same of the detector, which gives a probability for each slice."""
    among = []
    for group in (scans, [*scans, *clean]):
        pairs = [(p, index in scan.bleeding) for scan in group for index, p in enumerate(scan.said)]
        bleeding, others = ([p for p, bleeds in pairs if bleeds == kind] for kind in (True, False))
        if not others:
            return ""
        among.append(sensitivity_at(_SPECIFICITY, bleeding, others)[0])
    return (
        f"By the detector's probabilities of the same slices it is {among[0]:.2f} and {among[1]:.2f}; a "
        "result marks slices by both."
    )


def _clean_section(scans: Sequence[SliceFindings]) -> str:
    if not scans:
        return ""
    rows = [
        [scan.name, number(scan.volume_ml), f"{touched(scan.slice_ml)} of {len(scan.slice_ml)}"]
        for scan in scans
    ]
    return f"""## Scans without hemorrhage (PhysioNet CT-ICH, {len(scans)} scans)

Nothing should be found. Largest false volume: {max(scan.volume_ml for scan in scans):.2f} mL.

{table(["case", "found mL", "slices touched"], rows)}"""


def _touched(volumes: Sequence[float]) -> str:
    count = touched(volumes)
    return f"{count} of {len(volumes)} ({percent(count, len(volumes))})"


def _limits(limits: LimitsOfAgreement | None) -> tuple[str, str]:
    """Bias with its interval, and both limits."""
    if limits is None:
        return "", ""
    ends = (number(end.value, sign=True) for end in (limits.lower, limits.upper))
    return with_interval(limits.bias, sign=True), " to ".join(ends)


def _mean(found: Distribution | None, digits: int) -> str:
    return "–" if found is None else number(found.mean.value, digits)
