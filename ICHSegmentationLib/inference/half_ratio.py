"""The uncertainty ensemble of Li and Chen, "nnU-Net for Intracranial Hemorrhage Segmentation", section 3.4.

Several models vote on each voxel. How the votes are spread over the whole scan tells how unsure they are, and
an unsure case fewer votes are enough. Equation 5 is printed damaged: ``docs/half-ratio.md`` derives the rule.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HalfRatioRule:
    """When votes make a voxel hemorrhage; the defaults are the paper's, for 15 models.

    Attributes:
        threshold: th; a case with a half ratio up to this is unsure.
        few_votes: N1; in an unsure case more votes than this are enough.
        many_votes: N2; more votes than this are enough in every case.
    """

    threshold: float = 0.5
    few_votes: int = 1
    many_votes: int = 7

    def mask(self, votes: NDArray[Any], models: int) -> NDArray[np.bool_]:
        """Where the votes ``[D, H, W]`` of ``models`` models make hemorrhage (equation 5)."""
        unsure = half_ratio(votes, models) <= self.threshold
        return (votes > self.many_votes) | (unsure & (votes > self.few_votes))


def half_ratio(votes: NDArray[Any], models: int) -> float:
    """Voxels with exactly half of the votes (rounded down) over voxels with any (equation 4).

    Without any vote there is nothing to be unsure of, and the ratio is 0; no voxel is hemorrhage by any rule.

    Args:
        votes: ``[D, H, W]``, how many models hold each voxel for hemorrhage.
        models: C, how many voted.
    """
    voted = np.count_nonzero(votes)
    if not voted:
        return 0.0
    return float(np.count_nonzero((votes == models // 2) & (votes > 0)) / voted)
