"""What many scans add up to: all of them, and split by subtype and by volume."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ICHSegmentationLib.labels import LABELS, SUBTYPES

from .agreement import Agreement
from .case import CaseMetrics
from .intervals import (
    Distribution,
    Estimate,
    LimitsOfAgreement,
    distribution,
    limits_of_agreement,
    mean_of,
)
from .lesions import NO_LESIONS, LesionCounts
from .settings import DEFAULT, LARGE_ML, SMALL_ML, EvaluationSettings

METRICS = ("dice", "iou", "precision", "recall", "hd_mm", "hd95_mm", "nsd", "rvd")

_SCATTERED_OR_EXTRA_AXIAL = {"subarachnoid", "subdural", "epidural"}


@dataclass(frozen=True)
class AgainstFormula:
    """The masks beside the Tada formula on the scans where the formula applies.

    Attributes:
        n: how many scans these are.
        voxels_mae_ml: volume MAE of the masks.
        tada_mae_ml, abc2_mae_ml: of pi/6·A·B·C and A·B·C/2 taken from the reference masks themselves.
        gain_ml: mean of (Tada's absolute error - the mask's), scan by scan; above 0 the masks are better.
        tada_limits: bias and limits of agreement of pi/6·A·B·C.
    """

    n: int
    voxels_mae_ml: Estimate
    tada_mae_ml: Estimate
    abc2_mae_ml: Estimate
    gain_ml: Estimate
    tada_limits: LimitsOfAgreement | None


@dataclass(frozen=True)
class GroupSummary:
    """Some scans together.

    Attributes:
        metrics: of ``METRICS``; None where no scan of the group has that number.
        volume_mae_ml: mean of ``|V - Vref|`` (Xu et al., eq. 1).
        volume_limits: bias and limits of agreement of ``V - Vref``, mL.
        lesions: of all scans together.
        formula: None where the Tada formula applies to no scan of the group, and for single labels.
    """

    name: str
    cases: int
    metrics: Mapping[str, Distribution | None]
    volume_mae_ml: Estimate
    volume_limits: LimitsOfAgreement | None
    lesions: LesionCounts
    formula: AgainstFormula | None = None


@dataclass(frozen=True)
class CleanSummary:
    """The scans whose reference is empty: everything found in them is false."""

    cases: int
    marked: int
    mean_false_ml: float
    largest_false_ml: float
    false_lesions: int


@dataclass(frozen=True)
class Problem:
    """A case that could not be compared, and why; it counts in no number."""

    case: str
    code: str
    message: str


@dataclass(frozen=True)
class Summary:
    """The whole evaluation.

    Attributes:
        cases: every scan that was compared.
        groups: the scans whose reference holds hemorrhage: first all of them, then by volume and by subtype.
        labels: label by label, over the scans where either mask holds the label; none where no two masks tell
            subtypes.
        covered: by subtype (id), the share of its reference that the prediction covers with any label.
        clean: the other scans; None where there are none.
    """

    settings: EvaluationSettings
    cases: tuple[CaseMetrics, ...]
    groups: tuple[GroupSummary, ...]
    labels: tuple[GroupSummary, ...]
    covered: Mapping[str, Distribution]
    clean: CleanSummary | None

    @property
    def overall(self) -> GroupSummary | None:
        """All scans with hemorrhage; None where there are none."""
        return self.groups[0] if self.groups else None


def summarise(cases: Sequence[CaseMetrics], settings: EvaluationSettings = DEFAULT) -> Summary:
    """Add the comparisons up. A scan counts as bleeding when its reference holds any voxel."""
    cases = _with_labels_that_are_told(cases)
    bleeding = [case for case in cases if case.pooled.reference_ml > 0]
    clean = [case for case in cases if case.pooled.reference_ml == 0]
    split = {name: [case for case in bleeding if member(case)] for name, member in _GROUPS.items()}
    return Summary(
        settings=settings,
        cases=tuple(cases),
        groups=tuple(_group(name, members, settings) for name, members in split.items() if members),
        labels=_labels(cases, settings),
        covered=_covered(cases, settings),
        clean=_clean(clean) if clean else None,
    )


def _with_labels_that_are_told(cases: Sequence[CaseMetrics]) -> Sequence[CaseMetrics]:
    """The cases, without their labels where masks that hold something tell none.

    An empty mask does not show whether its maker tells subtypes; the other masks do.
    """
    marked = [case for case in cases if case.pooled.volume_ml > 0 and case.pooled.reference_ml > 0]
    if not marked or any(case.by_label for case in marked):
        return cases
    return [replace(case, by_label={}) for case in cases]


def _volume(case: CaseMetrics) -> float:
    return case.pooled.reference_ml


def _has(subtype: str) -> Callable[[CaseMetrics], bool]:
    return lambda case: subtype in case.subtypes


_GROUPS: dict[str, Callable[[CaseMetrics], bool]] = {
    "All with hemorrhage": lambda case: True,
    f"Below {SMALL_ML:g} mL": lambda case: _volume(case) < SMALL_ML,
    f"{SMALL_ML:g} to {LARGE_ML:g} mL": lambda case: SMALL_ML <= _volume(case) <= LARGE_ML,
    f"Above {LARGE_ML:g} mL": lambda case: _volume(case) > LARGE_ML,
    # Xu et al., Table 2, first column
    "IPH, IVH or both, nothing else": lambda case: (
        bool(case.subtypes) and not set(case.subtypes) & _SCATTERED_OR_EXTRA_AXIAL
    ),
    **{f"With {label.abbreviation}": _has(label.id) for label in SUBTYPES},
}


def _group(name: str, cases: Sequence[CaseMetrics], settings: EvaluationSettings) -> GroupSummary:
    return _summed(name, [case.pooled for case in cases], settings, formula=_formula(cases, settings))


def _labels(cases: Sequence[CaseMetrics], settings: EvaluationSettings) -> tuple[GroupSummary, ...]:
    summaries = []
    for label in LABELS:
        there = [case.by_label[label.id] for case in cases if label.id in case.by_label]
        if there:
            summaries.append(_summed(label.name, there, settings))
    return tuple(summaries)


def _covered(cases: Sequence[CaseMetrics], settings: EvaluationSettings) -> dict[str, Distribution]:
    shares = {
        label.id: distribution([case.covered.get(label.id) for case in cases], settings) for label in SUBTYPES
    }
    return {label: share for label, share in shares.items() if share is not None}


def _summed(
    name: str,
    agreements: Sequence[Agreement],
    settings: EvaluationSettings,
    formula: AgainstFormula | None = None,
) -> GroupSummary:
    errors = [agreement.volume_error_ml for agreement in agreements]
    return GroupSummary(
        name=name,
        cases=len(agreements),
        metrics={key: distribution([getattr(a, key) for a in agreements], settings) for key in METRICS},
        volume_mae_ml=mean_of([abs(error) for error in errors], settings),
        volume_limits=limits_of_agreement(errors, settings),
        lesions=sum((a.lesions for a in agreements), NO_LESIONS),
        formula=formula,
    )


def _formula(cases: Sequence[CaseMetrics], settings: EvaluationSettings) -> AgainstFormula | None:
    rows = [
        (case.pooled.volume_error_ml, case.formula.tada_error_ml, case.formula.abc2_error_ml)
        for case in cases
        if case.formula.tada_error_ml is not None and case.formula.abc2_error_ml is not None
    ]
    if not rows:
        return None
    voxels, tada, abc2 = zip(*rows, strict=True)
    return AgainstFormula(
        n=len(rows),
        voxels_mae_ml=mean_of([abs(error) for error in voxels], settings),
        tada_mae_ml=mean_of([abs(error) for error in tada], settings),
        abc2_mae_ml=mean_of([abs(error) for error in abc2], settings),
        gain_ml=mean_of([abs(t) - abs(v) for v, t, _ in rows], settings),
        tada_limits=limits_of_agreement(tada, settings),
    )


def _clean(cases: Sequence[CaseMetrics]) -> CleanSummary:
    volumes = [case.pooled.volume_ml for case in cases]
    return CleanSummary(
        cases=len(cases),
        marked=sum(volume > 0 for volume in volumes),
        mean_false_ml=sum(volumes) / len(volumes),
        largest_false_ml=max(volumes),
        false_lesions=sum(case.pooled.lesions.false for case in cases),
    )
