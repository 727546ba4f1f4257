"""Do probabilities mean what they say: the reliability curve, and the numbers that mend them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from .metrics import log_loss

_LOG_TEMPERATURES = float(np.log(0.05)), float(np.log(20.0))
_FARTHEST_OFFSET = 50.0


@dataclass(frozen=True)
class Bin:
    """Slices of about one probability: how many, what was said on average, how often it was so."""

    count: int
    said: float
    seen: float


def fit_temperature(flags: ArrayLike, logits: ArrayLike) -> float:
    """The number by which logits must be divided for the least log loss (Guo et al., ICML 2017).

    Between 1/20 and 20; 1 where there are not both kinds of flags.
    """
    flag, logit = np.asarray(flags, dtype=bool), np.asarray(logits, dtype=np.float64)
    if flag.all() or not flag.any():
        return 1.0
    found = minimize_scalar(
        lambda log: log_loss(flag, expit(logit / np.exp(log))),
        bounds=_LOG_TEMPERATURES,
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x))


def fit_platt(flags: ArrayLike, logits: ArrayLike) -> tuple[float, float]:
    """Temperature and offset for the least log loss of ``expit(logits / temperature + offset)``.

    Flags count as a little less than certain, by how few there are (Platt, Advances in Large Margin
    Classifiers, 1999). The temperature is between 1/20 and 20; 1 and 0 where there are not both kinds.
    """
    flag, logit = np.asarray(flags, dtype=bool), np.asarray(logits, dtype=np.float64)
    if flag.all() or not flag.any():
        return 1.0, 0.0
    target = np.where(flag, 1 - 1 / (flag.sum() + 2), 1 / ((~flag).sum() + 2))

    def loss(numbers: NDArray[np.float64]) -> float:
        scaled = logit / np.exp(numbers[0]) + numbers[1]
        return float(np.mean(np.logaddexp(0, scaled) - target * scaled))

    limits = [_LOG_TEMPERATURES, (-_FARTHEST_OFFSET, _FARTHEST_OFFSET)]
    found = minimize(loss, [0.0, 0.0], bounds=limits, method="L-BFGS-B")
    return float(np.exp(found.x[0])), float(found.x[1])


def reliability(flags: ArrayLike, said: ArrayLike, bins: int = 10) -> list[Bin]:
    """The curve over equally wide bins of probability, those without any slice left out."""
    flag, probability = np.asarray(flags, dtype=bool), np.asarray(said, dtype=np.float64)
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return [
        Bin(int(here.sum()), float(probability[here].mean()), float(flag[here].mean()))
        for here in (place == number for number in range(bins))
        if here.any()
    ]


def expected_error(curve: list[Bin]) -> float:
    """Expected calibration error: the mean gap between said and seen, by number of slices (Guo et al.)."""
    return sum(part.count * abs(part.said - part.seen) for part in curve) / sum(part.count for part in curve)
