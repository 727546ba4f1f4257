"""HU of many voxels as counts, so that the voxels of a whole data set can be described exactly."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (0.5, 5.0, 25.0, 50.0, 75.0, 95.0, 99.5)
LOWEST_HU, HIGHEST_HU = -1024, 4095


@dataclass(frozen=True)
class Histogram:
    """Number of voxels for each whole HU; what lies beyond -1024..4095 HU counts as that end."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, hu: NDArray[Any]) -> "Histogram":
        whole = np.rint(hu).clip(LOWEST_HU, HIGHEST_HU).astype(np.int64).ravel()
        counts = np.bincount(whole - LOWEST_HU)
        there = np.flatnonzero(counts)
        return cls({int(place) + LOWEST_HU: int(counts[place]) for place in there})

    @classmethod
    def merged(cls, many: "Iterable[Histogram]") -> "Histogram":
        total: Counter[int] = Counter()
        for each in many:
            total.update(each.counts)
        return cls(total)

    def percentile(self, percent: float) -> float:
        """The smallest HU that at least ``percent`` of the voxels do not exceed."""
        values = np.array(sorted(self.counts))
        reached = np.cumsum([self.counts[int(value)] for value in values])
        # A share of a whole number of voxels, such as 5 % of 20, must not miss it through rounding.
        wanted = percent / 100 * reached[-1] - 1e-9 * reached[-1]
        return float(values[np.searchsorted(reached, wanted)])

    def description(self) -> dict[str, float]:
        """Voxels, mean, standard deviation and ``PERCENTILES``; only the number where there are none."""
        if not self.counts:
            return {"voxels": 0}
        values = np.array(list(self.counts), dtype=np.float64)
        weights = np.array([self.counts[int(value)] for value in values], dtype=np.float64)
        mean = float(np.average(values, weights=weights))
        std = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
        return {
            "voxels": int(weights.sum()),
            "mean": round(mean, 3),
            "std": round(std, 3),
            **{f"percentile_{percent:g}": self.percentile(percent) for percent in PERCENTILES},
        }
