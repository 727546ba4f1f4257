"""Do probabilities mean what they say: the reliability curve, and the temperature that mends them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from .metrics import log_loss

_LOG_TEMPERATURES = float(np.log(0.05)), float(np.log(20.0))


@dataclass(frozen=True)
class Bin:
    """Slices of about one probability: how many, what was said on average, how often it was so."""

    count: int
    said: float
    seen: float


def probabilities(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Sigmoid of the logits over the temperature."""
    scaled = np.clip(np.asarray(logits, dtype=np.float64) / temperature, -500, 500)
    return np.asarray(1 / (1 + np.exp(-scaled)))


def fit_temperature(flags: ArrayLike, logits: ArrayLike) -> float:
    """The number by which logits must be divided for the least log loss (Guo et al., ICML 2017).

    Between 1/20 and 20; 1 where there are not both kinds of flags.
    """
    flag = np.asarray(flags, dtype=bool)
    if flag.all() or not flag.any():
        return 1.0
    found = minimize_scalar(
        lambda log: log_loss(flag, probabilities(logits, float(np.exp(log)))),
        bounds=_LOG_TEMPERATURES,
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x))


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
