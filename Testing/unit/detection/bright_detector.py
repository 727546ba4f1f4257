"""A detector that needs no network: blood of 70 HU in a grey head is subarachnoid hemorrhage, or as asked."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy import ndimage

from ICHSegmentationLib.detection import CLASSES, Detector
from ICHSegmentationLib.detection.operating_point import OperatingPoint
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.preparation.detector_slices import MEAN, STD

SIZE = 64
THRESHOLDS = {"temperature": 1.0, **{f"threshold_{label}": 0.5 for label in CLASSES}}


def document(**changes: Any) -> dict[str, Any]:
    """What the ``model.json`` of a detector holds."""
    weights = save({"w": np.zeros(4, np.float32)})
    stage = {
        "network": {"kind": "resnet18", "width": 2},
        "weights": "slices.safetensors",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "spacing_mm": [5.0, 0.9, 0.9],
        "patch": [1, SIZE, SIZE],
        "windows": [[40, 80], [80, 200], [40, 380]],
    }
    return {
        "schema_version": 1,
        "id": "bright",
        "version": "1.0.0",
        "name": "Bright",
        "description": "For tests.",
        "recipe": "detector",
        "stages": {"slices": stage},
        "labels": list(CLASSES),
        "inference": dict(THRESHOLDS),
        "training": {
            "data": [{"name": "None", "citation": "None", "licence": "None"}],
            "split": "none",
            "command": "none",
        },
        "licence": "Apache-2.0",
        "citation": "None",
        "metrics": {},
        **changes,
    }


def write_folder(folder: Path, **changes: Any) -> ModelFolder:
    folder.mkdir(parents=True)
    (folder / "slices.safetensors").write_bytes(save({"w": np.zeros(4, np.float32)}))
    (folder / "model.json").write_text(json.dumps(document(**changes)))
    return ModelFolder.open(folder)


@dataclass
class BrightBlood:
    """Stands in for the network of the slices: sees 60 to 78 HU in the brain window.

    Attributes:
        label: what it takes such blood for, beside any hemorrhage.
        passes: number of images of each pass.
    """

    label: str = "subarachnoid"
    passes: list[int] = field(default_factory=list)
    engine: str = "none"

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.passes.append(len(images))
        brain = images[:, 0] * STD[0] + MEAN[0]
        # a patch of 3 x 3 pixels: the edge of bone is as bright, but thin
        blood = ndimage.minimum_filter((brain > 0.75) & (brain < 0.97), (1, 3, 3))
        found = blood.any(axis=(1, 2))
        logits = np.full((len(images), len(CLASSES)), -4, np.float32)
        logits[found, CLASSES.index("hemorrhage")] = 4
        logits[found, CLASSES.index(self.label)] = 3
        return (logits,)


def bright_detector(folder: Path, label: str = "subarachnoid", **changes: Any) -> Detector:
    model = write_folder(folder, **changes)
    return Detector(model, OperatingPoint.of(model.manifest), "cpu", BrightBlood(label), None)


def scan_with_blood(on: tuple[int, ...], slices: int, side: int = 32) -> NDArray[np.int16]:
    """HU ``[D, H, W]``: grey brain in air, with blood on these slices."""
    hu = np.full((slices, side, side), -1000, np.int16)
    hu[:, 2:-2, 2:-2] = 35
    hu[list(on), 8:14, 10:16] = 70
    return hu
