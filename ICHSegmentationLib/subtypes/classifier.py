"""The two classifiers, their numbers as a training fitted them: what a text editor can read, and nothing
else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARAMETERS = Path(__file__).parent / "parameters.json"


@dataclass(frozen=True)
class LogisticModel:
    """Multinomial logistic regression on standardised numbers.

    Attributes:
        features: names of the numbers, in order.
        classes: names of the classes, in order.
        mean, scale: ``[f]`` of the numbers in training.
        weights: ``[c, f]`` of the standardised numbers.
        bias: ``[c]``.
    """

    features: tuple[str, ...]
    classes: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "LogisticModel":
        numbers = {key: np.array(content[key], dtype=float) for key in ("mean", "scale", "weights", "bias")}
        return cls(tuple(content["features"]), tuple(content["classes"]), **numbers)

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :meth:`parse` reads back, with five digits, which is more than the fit knows."""
        numbers = {key: _short(getattr(self, key)) for key in ("mean", "scale", "weights", "bias")}
        return {"features": list(self.features), "classes": list(self.classes), **numbers}

    def chances(self, numbers: NDArray[Any]) -> NDArray[np.float64]:
        """``[n, c]`` the probability of each class, from numbers ``[n, f]``."""
        standard = (np.asarray(numbers, dtype=np.float64) - self.mean) / self.scale
        # In training nothing lies further out than four standard deviations; what does is no surer for it.
        scores = np.clip(standard, -4, 4) @ self.weights.T + self.bias
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return chances


@dataclass(frozen=True)
class Parameters:
    """Everything that was fitted or chosen on training data.

    Attributes:
        ventricular: whether a cube of a lesion lies in a ventricle: classes ``elsewhere``, ``ventricular``.
        subtypes: what a part is; its classes are ids of labels.
        least_confidence: below this probability a subtype is not told.
        provenance: what they were fitted on, by which command.
    """

    ventricular: LogisticModel
    subtypes: LogisticModel
    least_confidence: float
    provenance: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path = PARAMETERS) -> "Parameters":
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            LogisticModel.parse(content["ventricular"]),
            LogisticModel.parse(content["subtypes"]),
            float(content["least_confidence"]),
            content["provenance"],
        )

    def to_json(self) -> str:
        content = {
            "provenance": dict(self.provenance),
            "least_confidence": self.least_confidence,
            "ventricular": self.ventricular.to_dict(),
            "subtypes": self.subtypes.to_dict(),
        }
        return json.dumps(content, indent=1, allow_nan=False) + "\n"


@lru_cache(maxsize=1)
def fitted() -> Parameters:
    """The parameters that the library brings."""
    return Parameters.read()


def _short(numbers: NDArray[np.float64]) -> Any:
    return np.vectorize(lambda value: float(f"{value:.5g}"))(numbers).tolist()
