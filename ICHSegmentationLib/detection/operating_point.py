"""How a detector's logits become probabilities and marks: the numbers in its ``model.json``."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..models import Manifest
from .calibration import Calibration
from .result import CLASSES
from .subtype_shares import SubtypeShares

Array = NDArray[np.float32]

_LEAST_LOGIT = -6.0
_NONE = (0.0,) * len(CLASSES)
_SUBTYPES = CLASSES[1:]
_SHARE = "share_"  # before the names of a subtype's numbers, such as share_scan_slopes_epidural


@dataclass(frozen=True)
class OperatingPoint:
    """What stands under ``inference`` and ``labels``.

    Attributes:
        order: for each of :data:`~.result.CLASSES` the output of the network that it is.
        calibration: from logits to probabilities.
        thresholds: ``[K]`` of each class, from which a slice is marked.
        scan_thresholds: ``[K]`` of each class, from which a scan is positive.
        neighbour_share: of each neighbouring image's logits in an image's own.
    """

    order: tuple[int, ...]
    calibration: Calibration
    thresholds: Array
    scan_thresholds: Array
    neighbour_share: float = 0.0

    @classmethod
    def of(cls, manifest: Manifest) -> "OperatingPoint":
        """Raises :class:`ModelError` where a number is missing, unknown or out of its range."""
        if sorted(manifest.labels) != sorted(CLASSES):
            raise _wrong(f"the labels {', '.join(CLASSES)}", ", ".join(manifest.labels))
        numbers = dict(manifest.inference)
        thresholds = _of_classes(numbers, "threshold")
        scan_thresholds = _of_classes(numbers, "scan_threshold", thresholds)
        neighbour_share = numbers.pop("neighbour_share", 0.0)
        calibration = _calibration(numbers)
        if numbers:
            raise _wrong("numbers of a detector under 'inference'", f"also {', '.join(sorted(numbers))}")
        if not all(0 < threshold < 1 for threshold in (*thresholds, *scan_thresholds)):
            raise _wrong("thresholds between 0 and 1", f"{thresholds} and, of scans, {scan_thresholds}")
        if not 0 <= neighbour_share <= 1 / 3:
            raise _wrong("a neighbour_share between 0 and a third", str(neighbour_share))
        order = tuple(manifest.labels.index(label) for label in CLASSES)
        of_slices, of_scans = (np.array(each, np.float32) for each in (thresholds, scan_thresholds))
        return cls(order, calibration, of_slices, of_scans, neighbour_share)

    def logits(self, logits: Array) -> Array:
        """``[S, K]`` of the networks' ``[S, K]`` of all images, neighbours mixed in, in the order of the
        classes."""
        return with_neighbours(logits, self.neighbour_share)[:, list(self.order)]

    def probabilities(self, logits: Array) -> Array:
        """``[S, K]`` of the networks' ``[S, K]`` of all images, in the order of the classes."""
        return self.calibration.of_all_images(self.logits(logits)).astype(np.float32)

    def of_scan(self, logits: Array) -> Array:
        """``[K]`` of a scan from the networks' ``[S, K]`` of all images; 0 without one."""
        return self.calibration.of_scan(self.logits(logits)).astype(np.float32)


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


def numbers_of(
    calibration: Calibration,
    thresholds: Sequence[float],
    scan_thresholds: Sequence[float],
    neighbour_share: float,
) -> dict[str, float]:
    """What stands under ``inference`` for an operating point; what is as by default is left out."""
    numbers: dict[str, float] = {"temperature": calibration.temperature}
    of_classes: dict[str, Sequence[float]] = {"threshold": thresholds}
    if any(calibration.offsets):
        of_classes["offset"] = calibration.offsets
    if any(calibration.scan_offsets):
        of_classes["scan_offset"] = calibration.scan_offsets
    if list(scan_thresholds) != list(thresholds):
        of_classes["scan_threshold"] = scan_thresholds
    for name, values in of_classes.items():
        numbers |= {f"{name}_{label}": value for label, value in zip(CLASSES, values, strict=True)}
    if calibration.scan_slices != 1:
        numbers["scan_slices"] = calibration.scan_slices
    if calibration.scan_temperature is not None:
        numbers["scan_temperature"] = calibration.scan_temperature
    if calibration.scan_images != 1:
        numbers["scan_images"] = calibration.scan_images
    if calibration.shares is not None:
        for name, values in asdict(calibration.shares).items():
            numbers |= {f"{_SHARE}{name}_{label}": v for label, v in zip(_SUBTYPES, values, strict=True)}
    return numbers | ({"neighbour_share": neighbour_share} if neighbour_share else {})


def _calibration(numbers: dict[str, float]) -> Calibration:
    """Take the numbers of a calibration out of ``numbers``."""
    temperature = numbers.pop("temperature", 0.0)
    scan_slices, scan_images = (_whole(numbers, name) for name in ("scan_slices", "scan_images"))
    scan_temperature = numbers.pop("scan_temperature", None)
    if temperature <= 0 or (scan_temperature is not None and scan_temperature <= 0):
        raise _wrong("temperatures above 0", f"{temperature} and, of scans, {scan_temperature}")
    offsets, scan_offsets = (_of_classes(numbers, name, _NONE) for name in ("offset", "scan_offset"))
    if scan_temperature is None and (any(scan_offsets) or scan_images != 1):
        raise _wrong("a scan_temperature beside scan_offsets and scan_images", "none")
    shares = _shares(numbers)
    return Calibration(temperature, offsets, scan_slices, scan_temperature, scan_offsets, scan_images, shares)


def _shares(numbers: dict[str, float]) -> SubtypeShares | None:
    """Take the numbers of the subtypes' shares, if there are any, out of ``numbers``."""
    if not any(name.startswith(_SHARE) for name in numbers):
        return None
    names = [field.name for field in fields(SubtypeShares)]
    return SubtypeShares(*(_of_classes(numbers, _SHARE + name, labels=_SUBTYPES) for name in names))


def _whole(numbers: dict[str, float], name: str) -> int:
    """Take a whole number, 1 where none stands, out of ``numbers``."""
    number = numbers.pop(name, 1)
    if number < 1 or number != int(number):
        raise _wrong(f"a whole number of {name} above 0", str(number))
    return int(number)


def _of_classes(
    numbers: dict[str, float],
    name: str,
    default: tuple[float, ...] | None = None,
    labels: Sequence[str] = CLASSES,
) -> tuple[float, ...]:
    """Take ``name_<class>`` of every class out of ``numbers``; there are all, or none and a default."""
    keys = [f"{name}_{label}" for label in labels]
    missing = [key for key in keys if key not in numbers]
    if default is not None and missing == keys:
        return default
    if missing:
        raise _wrong(f"{missing[0]} under 'inference'", "none")
    return tuple(numbers.pop(key) for key in keys)


def _wrong(expected: str, found: str) -> ModelError:
    return ModelError(
        f"model.json of a detector: expected {expected}, found {found}.",
        "The model folder is damaged, or made for another version of ICHSegmentation.",
    )
