"""Confidence intervals by drawing patients anew: slices of a patient are no independent witnesses."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


def by_patient(
    patients: Sequence[str] | NDArray[np.str_],
    statistic: Callable[[NDArray[np.float64]], float | None],
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of ``statistic`` over patients drawn with replacement (Efron and Tibshirani 1993).

    Args:
        patients: ``[N]``, whose each row is.
        statistic: of weights ``[N]``, how often each row counts; None where a draw has no value, which
            leaves that draw out.

    Returns:
        None where fewer than half of the draws have a value.
    """
    names, row = np.unique(np.asarray(patients), return_inverse=True)
    if len(names) == 0:
        return None
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    drawn = [statistic(count[row].astype(np.float64)) for count in counts]
    values = [value for value in drawn if value is not None]
    if len(values) < resamples / 2:
        return None
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
