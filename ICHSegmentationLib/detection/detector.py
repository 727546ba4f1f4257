"""A detector, loaded and ready for any number of scans."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError
from ..inference.device import choose_device
from ..inference.engines.choice import chosen_engine
from ..models import ModelFolder
from ..settings import DeviceName, EngineName
from ..volume import CTVolume
from .operating_point import OperatingPoint
from .pictures import Pictures, pictures_of
from .result import Detection
from .running import Part, open_part

Array = NDArray[np.float32]

RECIPE = "detector"
SLICES, SEQUENCE = "slices", "sequence"
AT_ONCE = 8
"""Images of one pass: more need more memory and are no faster."""


@dataclass(frozen=True)
class Detector:
    """Judges scans.

    Attributes:
        model: verified model folder.
        point: how its logits become probabilities and marks.
        device: where it runs: ``cpu``, ``cuda`` or ``mps``.
        slices: the network that judges each image: logits and, where there is a sequence, features.
        sequence: the network that judges each image again from all of them; None where there is none.
    """

    model: ModelFolder
    point: OperatingPoint
    device: str
    slices: Part
    sequence: Part | None

    @classmethod
    def open(
        cls,
        model: str | Path | ModelFolder = models.DETECTOR,
        device: DeviceName = "auto",
        engine: EngineName = "auto",
        threads: int | None = None,
    ) -> "Detector":
        """The detector of this name or in this folder.

        Raises:
            ModelError: or one of its kinds: the model is not there, damaged, altered, or no detector.
            DeviceError: the device is not on this machine.
            ImportError: PyTorch or MONAI is needed and not installed.
        """
        folder = model if isinstance(model, ModelFolder) else models.find(model)
        point = _checked(folder)
        folder.verify()
        there = choose_device(device)
        chosen = chosen_engine(engine, there)
        opened = {name: open_part(folder, name, chosen, there, threads) for name in folder.manifest.stages}
        return cls(folder, point, there, opened[SLICES], opened.get(SEQUENCE))

    def detect(self, ct: CTVolume) -> Detection:
        """Probabilities of a scan (HU ``[D, H, W]``, any storage order) and of each of its slices."""
        return self.judge(pictures_of(ct, self.model.manifest.stages[SLICES]))

    def judge(self, pictures: Pictures) -> Detection:
        """The same from pictures that are already there."""
        logits = self.logits(pictures.images)
        slices = pictures.of_slices(self.point.probabilities(logits))
        point = self.point
        return Detection(
            point.of_scan(logits), slices, point.thresholds, scan_thresholds=point.scan_thresholds
        )

    def logits(self, images: Array) -> Array:
        """Final logits ``[S, K]`` of images ``[S, C, h, w]``, in the order of the manifest's labels."""
        if len(images) == 0:
            return np.empty((0, len(self.model.manifest.labels)), np.float32)
        passes = [self.slices(images[first : first + AT_ONCE]) for first in range(0, len(images), AT_ONCE)]
        logits, *features = (np.concatenate(answers) for answers in zip(*passes, strict=True))
        if self.sequence is None:
            return logits
        return self.sequence(features[0], logits)[0]


def _checked(folder: ModelFolder) -> OperatingPoint:
    manifest = folder.manifest
    if manifest.recipe != RECIPE:
        raise ModelError(
            f"Expected a model of the recipe {RECIPE}, found {manifest.id} of the recipe {manifest.recipe}.",
            "'ichseg models list' shows the models that are there.",
        )
    if not {SLICES} <= manifest.stages.keys() <= {SLICES, SEQUENCE}:
        raise ModelError(
            f"model.json of a detector: expected the stages {SLICES} and, where there is one, {SEQUENCE}; "
            f"found {', '.join(manifest.stages)}.",
            "Export the model again.",
        )
    if SEQUENCE in manifest.stages and manifest.stages[SLICES].network["kind"] == "slice_map":
        raise ModelError(
            "model.json of a detector: expected no sequence after a slice_map, which has no features.",
            "Export the model again.",
        )
    return OperatingPoint.of(manifest)
