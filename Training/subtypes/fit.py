"""Fits both classifiers on painted lesions, and tries them on lesions of heads held out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.labels import INTRAPARENCHYMAL, INTRAVENTRICULAR, SUBTYPES, label_of
from ICHSegmentationLib.subtypes.classifier import LogisticModel, Parameters
from ICHSegmentationLib.subtypes.part_features import CUBE_FEATURES, FEATURES

from .samples import Sample

CUBES_PER_SAMPLE = 150
FOLDS = 5
REGULARISATION = 0.3  # scikit-learn's C: the inverse of the ridge
THRESHOLDS = np.arange(50, 96, 5) / 100
RIGHT_OF_TOLD = 0.95
SOME_SIZE_ML = 0.5  # the many crumbs of painted subarachnoid blood would settle the threshold by themselves
CLASSES = tuple(label.id for label in SUBTYPES)
VALUES = tuple(label.value for label in SUBTYPES)


@dataclass(frozen=True)
class Fitted:
    """Both classifiers."""

    ventricular: LogisticModel
    subtypes: LogisticModel

    @classmethod
    def of(cls, parameters: Parameters) -> "Fitted":
        return cls(parameters.ventricular, parameters.subtypes)

    def chances(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """``[n, 5]`` the chance of each subtype for each sample."""
        return self.subtypes.chances(_numbers(samples, self.ventricular))


def fit(samples: Sequence[Sample]) -> Fitted:
    """The classifiers of these samples; each subtype counts the same, however many samples it has."""
    cubes, where = _cubes(samples)
    ventricular = _logistic(cubes, where, CUBE_FEATURES, ("elsewhere", "ventricular"))
    told = np.array([VALUES.index(sample.subtype) for sample in samples])
    return Fitted(ventricular, _logistic(_numbers(samples, ventricular), told, FEATURES, CLASSES))


def held_out(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """``[n, 5]`` the chances that classifiers give which never saw the head of that sample."""
    heads = [sample.head for sample in samples]
    chances = np.zeros((len(samples), len(CLASSES)))
    for known, new in GroupKFold(FOLDS).split(heads, groups=heads):
        fitted = fit([samples[index] for index in known])
        chances[new] = fitted.chances([samples[index] for index in new])
    return chances


def least_confidence(samples: Sequence[Sample], chances: NDArray[np.float64]) -> float:
    """The lowest threshold at which 95 % of the lesions of some size that are told are told rightly."""
    true = np.array([VALUES.index(sample.subtype) for sample in samples])
    large = np.array([sample.volume_ml >= SOME_SIZE_ML for sample in samples])
    right, confidence = chances[large].argmax(axis=1) == true[large], chances[large].max(axis=1)
    for threshold in THRESHOLDS:
        if right[confidence >= threshold].mean() >= RIGHT_OF_TOLD:
            return float(threshold)
    return float(THRESHOLDS[-1])


def write_parameters(samples: Sequence[Sample], path: Path) -> Parameters:
    """Fit on all samples, choose the threshold on samples held out in turn, and write both."""
    fitted = fit(samples)
    threshold = least_confidence(samples, held_out(samples))
    counts = Counter(label_of(sample.subtype).abbreviation for sample in samples)
    provenance = {
        "command": "python -m Training.subtypes prepare; python -m Training.subtypes fit",
        "heads": len({sample.head for sample in samples}),
        "lesions": dict(sorted(counts.items())),
        "data": "hemorrhages painted into scans of PhysioNet CT-ICH without hemorrhage (training split) "
        "and into painted heads; deep hematomas of PHE-SICH-CT-IDS (training split, silver masks)",
        "threshold": f"the lowest at which {RIGHT_OF_TOLD:.0%} of the told lesions of {SOME_SIZE_ML} mL "
        "or more are right, on heads held out in turn",
    }
    parameters = Parameters(fitted.ventricular, fitted.subtypes, threshold, provenance)
    with atomic_path(path) as temporary:
        temporary.write_text(parameters.to_json(), encoding="utf-8")
    return parameters


def _numbers(samples: Sequence[Sample], ventricular: LogisticModel) -> NDArray[np.float64]:
    shares = [float(ventricular.chances(sample.cubes)[:, 1].mean()) for sample in samples]
    return np.column_stack([np.array([sample.features for sample in samples]), shares])


def _cubes(samples: Sequence[Sample]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Up to 150 cubes of each parenchymal and ventricular sample, evenly picked, and whether they lie in a
    ventricle.

    Blood elsewhere is told by other numbers; beside it, depth alone would tell ventricles well enough.
    """
    picked, where = [], []
    for sample in samples:
        if sample.subtype not in (INTRAPARENCHYMAL.value, INTRAVENTRICULAR.value):
            continue
        at = np.linspace(0, len(sample.cubes) - 1, min(CUBES_PER_SAMPLE, len(sample.cubes))).astype(int)
        picked.append(sample.cubes[at])
        where.append(np.full(len(at), int(sample.subtype == INTRAVENTRICULAR.value)))
    return np.concatenate(picked).astype(float), np.concatenate(where)


def _logistic(
    numbers: NDArray[np.float64], told: NDArray[np.intp], features: tuple[str, ...], classes: tuple[str, ...]
) -> LogisticModel:
    mean, scale = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), 1e-6)
    standard = np.clip((numbers - mean) / scale, -4, 4)
    found = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=3000).fit(standard, told)
    weights, bias = found.coef_, found.intercept_
    if len(classes) == 2:  # scikit-learn keeps the second class's score only
        weights, bias = np.stack([0 * weights[0], weights[0]]), np.array([0.0, bias[0]])
    return LogisticModel(features, classes, mean, scale, weights, bias)
