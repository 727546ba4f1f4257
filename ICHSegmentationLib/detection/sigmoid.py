"""The logistic function."""

import numpy as np
from numpy.typing import NDArray


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """``1 / (1 + exp(-logits))`` without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80))))
