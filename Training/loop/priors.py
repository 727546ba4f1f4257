"""What an earlier stage answered on the training scans, for the stage that needs it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.io.atomic import atomic_path
from Training.datasets import Case
from Training.datasets.identity import identity_of


class Priors:
    """Probabilities ``[D, H, W]`` of one trained stage, on each scan's own grid in canonical order.

    Args:
        folder: one file a case; one whose scan or mask changed counts as not answered yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, case: Case) -> bool:
        return self._place(case).is_file()

    def of(self, case: Case) -> NDArray[np.float32]:
        """The probability that was kept; half precision is enough for it."""
        return np.load(self._place(case)).astype(np.float32)

    def keep(self, case: Case, probability: NDArray[np.float32]) -> None:
        with atomic_path(self._place(case)) as temporary:
            np.save(temporary, probability.astype(np.float16))

    def _place(self, case: Case) -> Path:
        return self._folder / f"{identity_of([case])[:24]}.npy"
