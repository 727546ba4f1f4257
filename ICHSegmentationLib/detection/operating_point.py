"""How a detector's logits become probabilities and marks: the numbers in its ``model.json``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..models import Manifest
from .result import CLASSES, Detection

Array = NDArray[np.float32]

_LEAST_LOGIT = -6.0


@dataclass(frozen=True)
class OperatingPoint:
    """What stands under ``inference`` and ``labels``.

    Attributes:
        order: for each of :data:`~.result.CLASSES` the output of the network that it is.
        temperature: logits are divided by it (Guo et al., ICML 2017).
        thresholds: ``[K]`` of each class.
        scan_slices: a scan's probability is the mean of that many of its highest images.
        neighbour_share: of each neighbouring image's logits in an image's own.
    """

    order: tuple[int, ...]
    temperature: float
    thresholds: Array
    scan_slices: int
    neighbour_share: float = 0.0

    @classmethod
    def of(cls, manifest: Manifest) -> "OperatingPoint":
        """Raises :class:`ModelError` where a number is missing, unknown or out of its range."""
        if sorted(manifest.labels) != sorted(CLASSES):
            raise _wrong(f"the labels {', '.join(CLASSES)}", ", ".join(manifest.labels))
        needed = {"temperature", *(f"threshold_{label}" for label in CLASSES)}
        numbers = dict(manifest.inference)
        scan_slices = numbers.pop("scan_slices", 1)
        neighbour_share = numbers.pop("neighbour_share", 0.0)
        if numbers.keys() != needed:
            raise _wrong(f"{', '.join(sorted(needed))} under 'inference'", ", ".join(sorted(numbers)))
        thresholds = np.array([numbers[f"threshold_{label}"] for label in CLASSES], np.float32)
        if numbers["temperature"] <= 0 or not ((thresholds > 0) & (thresholds < 1)).all():
            raise _wrong("a temperature above 0 and thresholds between 0 and 1", str(numbers))
        if scan_slices < 1 or scan_slices != int(scan_slices):
            raise _wrong("a whole number of scan_slices above 0", str(scan_slices))
        if not 0 <= neighbour_share <= 1 / 3:
            raise _wrong("a neighbour_share between 0 and a third", str(neighbour_share))
        order = tuple(manifest.labels.index(label) for label in CLASSES)
        return cls(order, numbers["temperature"], thresholds, int(scan_slices), neighbour_share)

    def probabilities(self, logits: Array) -> Array:
        """``[S, K]`` of the networks' ``[S, K]`` of all images, in the order of the classes."""
        mixed = with_neighbours(logits, self.neighbour_share)
        scaled = mixed[:, list(self.order)].astype(np.float64) / self.temperature
        return (1 / (1 + np.exp(-np.clip(scaled, -80, 80)))).astype(np.float32)

    def of_scan(self, images: Array) -> Array:
        """``[K]`` of a scan from the probabilities ``[S, K]`` of its images; 0 without one."""
        if len(images) == 0:
            return np.zeros(len(CLASSES), np.float32)
        highest: Array = np.sort(images, axis=0)[-self.scan_slices :]
        return highest.mean(axis=0)

    def detection(self, images: Array, slices: Array) -> Detection:
        """From the probabilities of the images and those ``[D, K]`` of the slices."""
        return Detection(self.of_scan(images), slices, self.thresholds)


def with_neighbours(logits: Array, share: float) -> Array:
    """Logits ``[S, K]`` with ``share`` of the ones below and above each; the ends are their own neighbours.

    Hemorrhage seldom keeps to one slice, and noise does. An image that shows no brain, of which a network may
    be sure without bound, counts as a logit of -6.
    """
    if share == 0 or len(logits) == 0:
        return logits
    bounded = np.maximum(logits, np.float32(_LEAST_LOGIT))
    padded = np.concatenate([bounded[:1], bounded, bounded[-1:]])
    mixed: Array = (1 - 2 * share) * bounded + share * (padded[:-2] + padded[2:])
    return mixed


def _wrong(expected: str, found: str) -> ModelError:
    return ModelError(
        f"model.json of a detector: expected {expected}, found {found}.",
        "The model folder is damaged, or made for another version of ICHSegmentation.",
    )
