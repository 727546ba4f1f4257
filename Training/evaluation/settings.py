"""The numbers behind an evaluation; they stand in its results, so that these can be compared with others."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

SMALL_ML, LARGE_ML = 30.0, 60.0
"""Borders of the volume groups of Xu et al. (arXiv:2401.04570, Fig. 2): below 30, 30 to 60, above 60 mL."""


@dataclass(frozen=True)
class EvaluationSettings:
    """How masks are compared and the comparisons summed up.

    Attributes:
        tolerance_mm: a surface within this distance of the other one counts as right (NSD).
        smallest_lesion_ml: smaller pieces are neither lesions to be found nor false ones.
        overlap: share of a lesion's volume that must lie in the other mask for it to count as found (or, of
            a predicted one, as right).
        connectivity: voxels that touch by face (6), edge (18) or corner (26) belong to one lesion.
        confidence: of the intervals.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    tolerance_mm: float = 1.0
    smallest_lesion_ml: float = 0.1
    overlap: float = 0.1
    connectivity: Literal[6, 18, 26] = 26
    confidence: float = 0.95
    resamples: int = 5000
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


DEFAULT = EvaluationSettings()
