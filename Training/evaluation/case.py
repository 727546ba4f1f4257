"""One scan: its mask against the reference, all hemorrhage together and label by label."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.labels import HEMORRHAGE, SUBTYPES, label_of
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import Volume

from .agreement import Agreement, agreement
from .grids import paired
from .settings import DEFAULT, EvaluationSettings


@dataclass(frozen=True)
class FormulaEstimate:
    """What the Tada formula makes of the reference mask, as a reader would with ruler and scan.

    Attributes:
        tada_ml: sum of pi/6·A·B·C over the lesions that the formula is meant for; None without any.
        abc2_ml: the same of A·B·C/2.
        of_ml: voxel volume of those lesions, with which both are compared.
    """

    tada_ml: float | None
    abc2_ml: float | None
    of_ml: float

    @property
    def tada_error_ml(self) -> float | None:
        return None if self.tada_ml is None else self.tada_ml - self.of_ml

    @property
    def abc2_error_ml(self) -> float | None:
        return None if self.abc2_ml is None else self.abc2_ml - self.of_ml


@dataclass(frozen=True)
class CaseMetrics:
    """Everything about one scan.

    Attributes:
        pooled: all labels together against all labels together.
        by_label: label by label (id), for the labels that either mask holds. Empty where one of the masks
            does not tell subtypes (all its voxels have the value 1).
        covered: share of each subtype's reference voxels that the prediction covers with any label.
        subtypes: ids of the subtypes that the scan has.
    """

    name: str
    pooled: Agreement
    formula: FormulaEstimate
    by_label: Mapping[str, Agreement] = field(default_factory=dict)
    covered: Mapping[str, float] = field(default_factory=dict)
    subtypes: tuple[str, ...] = ()


def evaluate_case(
    prediction: Volume,
    reference: Volume,
    name: str = "",
    subtypes: Iterable[str] | None = None,
    settings: EvaluationSettings = DEFAULT,
) -> CaseMetrics:
    """Compare a mask of labels with its reference.

    Args:
        prediction, reference: label values ``[D, H, W]`` on the same voxels, stored in whatever order.
        subtypes: ids of the scan's subtypes as its readers gave them; None takes those of the reference mask.

    Raises:
        GridMismatchError: the masks do not lie on the same voxels.
        UnknownLabelError: a value that no label has.
    """
    pair = paired(prediction, reference)

    def compared(found: NDArray[Any], wanted: NDArray[Any]) -> Agreement:
        return agreement(found, wanted, pair.spacing, pair.voxel_mm3, settings)

    values = _values(pair.prediction), _values(pair.reference)
    labels = [label_of(value) for value in sorted(values[0] | values[1])]
    drawn = [label for label in SUBTYPES if label.value in values[1]]
    typed = all(not held or held != {HEMORRHAGE.value} for held in values)
    return CaseMetrics(
        name=name,
        pooled=compared(pair.prediction > 0, pair.reference > 0),
        formula=_formula(reference),
        by_label={
            label.id: compared(pair.prediction == label.value, pair.reference == label.value)
            for label in labels
            if typed
        },
        covered={
            label.id: float((pair.prediction[pair.reference == label.value] > 0).mean()) for label in drawn
        },
        subtypes=tuple(label.id for label in drawn) if subtypes is None else tuple(subtypes),
    )


def _values(mask: NDArray[Any]) -> set[int]:
    return {int(value) for value in np.unique(mask)} - {0}


def _formula(reference: Volume) -> FormulaEstimate:
    lesions = [lesion for lesion in measure(reference).lesions if lesion.tada.applicable]
    if not lesions:
        return FormulaEstimate(None, None, 0.0)
    return FormulaEstimate(
        tada_ml=sum(lesion.tada.volume_ml or 0.0 for lesion in lesions),
        abc2_ml=sum(lesion.tada.abc2_ml or 0.0 for lesion in lesions),
        of_ml=sum(lesion.volume_ml for lesion in lesions),
    )
