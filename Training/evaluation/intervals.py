"""Means, medians and limits of agreement, with bootstrap intervals.

Intervals are BCa (bias-corrected and accelerated; Efron, J Am Stat Assoc 1987) by
:func:`scipy.stats.bootstrap`; those of medians are percentile intervals, because the jackknife inside BCa
fails on medians. Scans are drawn as if each came from another patient. Fewer than three numbers have
no interval.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from .settings import DEFAULT, EvaluationSettings

Interval = tuple[float, float]
Statistic = Callable[..., Any]

FEWEST = 3
"""Numbers that an interval is made of; the spread of fewer says nothing."""

LIMITS_SD = 1.96
"""Limits of agreement lie this many standard deviations from the bias (Bland and Altman, Lancet 1986)."""


@dataclass(frozen=True)
class Estimate:
    """A number and its confidence interval."""

    value: float
    interval: Interval | None


@dataclass(frozen=True)
class Distribution:
    """Mean and median of ``n`` numbers."""

    n: int
    mean: Estimate
    median: Estimate


@dataclass(frozen=True)
class LimitsOfAgreement:
    """The mean of ``n`` differences, and bias ± 1.96 SD, between which most of them lie."""

    n: int
    bias: Estimate
    lower: Estimate
    upper: Estimate


def mean_of(values: Sequence[float], settings: EvaluationSettings = DEFAULT) -> Estimate:
    """The mean of at least one number, with a BCa interval."""
    return _estimate(values, np.mean, "BCa", settings)


def distribution(
    values: Sequence[float | None], settings: EvaluationSettings = DEFAULT
) -> Distribution | None:
    """Mean and median of the numbers among ``values``; None without any."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    median = _estimate(there, np.median, "percentile", settings)
    return Distribution(len(there), mean_of(there, settings), median)


def limits_of_agreement(
    differences: Sequence[float], settings: EvaluationSettings = DEFAULT
) -> LimitsOfAgreement | None:
    """Bias and limits of these differences; None where there are fewer than two."""
    if len(differences) < 2:
        return None

    def limit(sign: float) -> Statistic:
        def statistic(sample: NDArray[Any], axis: int = -1) -> Any:
            return sample.mean(axis=axis) + sign * LIMITS_SD * sample.std(axis=axis, ddof=1)

        return statistic

    return LimitsOfAgreement(
        n=len(differences),
        bias=mean_of(differences, settings),
        lower=_estimate(differences, limit(-1), "BCa", settings),
        upper=_estimate(differences, limit(+1), "BCa", settings),
    )


def _estimate(
    values: Sequence[float],
    statistic: Statistic,
    method: Literal["BCa", "percentile"],
    settings: EvaluationSettings,
) -> Estimate:
    sample = np.asarray(values, dtype=np.float64)
    value = float(statistic(sample, axis=-1))
    if len(sample) < FEWEST:
        return Estimate(value, None)
    if np.ptp(sample) == 0:
        return Estimate(value, (value, value))
    found = bootstrap(
        (sample,),
        statistic,
        n_resamples=settings.resamples,
        confidence_level=settings.confidence,
        method=method,
        batch=max(1, 2_000_000 // len(sample)),
        random_state=np.random.default_rng(settings.seed),
    ).confidence_interval
    low, high = float(found.low), float(found.high)
    return Estimate(value, (low, high) if math.isfinite(low) and math.isfinite(high) else None)
