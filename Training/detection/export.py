"""From a trained fold to a model folder for ``ichseg detect --model``."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_folder
from ICHSegmentationLib.labels import HEMORRHAGE
from ICHSegmentationLib.models import DataSource, Manifest, Stage
from ICHSegmentationLib.models import Training as Origin
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.models.manifest import SCHEMA_VERSION
from ICHSegmentationLib.preparation.detector_slices import THICKNESS_MM, WINDOWS

from ..datasets.case import SUBTYPE_IDS
from ..recipes.al_fahim_detector import PAPER
from .fold import CNN, PREDICTIONS, RECORD, SEQUENCE
from .metrics import best_youden
from .predictions import SlicePrediction, read_predictions

LABELS = (HEMORRHAGE.id, *SUBTYPE_IDS)
_FALLBACK = 0.5
_RANGE = 0.02, 0.98


def export(
    folder: Path,
    out: Path,
    id: str | None = None,
    version: str = "1.0.0",
    data: tuple[DataSource, ...] = (),
    licence: str = "not stated",
    overwrite: bool = False,
) -> Manifest:
    """Write the model of a fold: both networks, the temperature and thresholds of its validation slices.

    Raises:
        InputError: no training ended there.
        OutputExistsError: ``out`` holds something, and ``overwrite`` is False.
    """
    record = _record(folder)
    rows = read_predictions([folder / PREDICTIONS])
    recipe = record["recipe"]
    with atomic_folder(out, overwrite) as temporary:
        for name in (CNN, SEQUENCE):
            shutil.copyfile(folder / name, temporary / name)
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            id=id or re.sub(r"[^a-z0-9.-]+", "-", f"{recipe['name']}-fold{record['fold']}"),
            version=version,
            name=recipe["name"],
            description=f"Detector, trained by the recipe {recipe['name']}.",
            recipe="detector",
            stages=_stages(recipe, temporary),
            labels=LABELS,
            inference=operating_point(rows, record["temperature"]),
            training=Origin(
                data or (DataSource("not stated", "not stated", "not stated"),),
                f"{record['cases']['training']} scans trained on, {record['cases']['validation']} kept for "
                "validation, which chose epochs, temperature and thresholds",
                f"python -m Training.detection train --recipe {recipe['name']} --data PREPARED "
                f"--fold {record['fold']} --seed {record['seed']} --out OUT",
            ),
            licence=licence,
            citation=PAPER,
            metrics={"validation_log_loss": record["losses"]},
        )
        text = manifest.to_json()
        manifest = Manifest.parse(text)  # nothing is written that would not be read
        (temporary / MANIFEST_NAME).write_text(text, "utf-8")
    return manifest


def operating_point(rows: list[SlicePrediction], temperature: float) -> dict[str, float]:
    """What stands under ``inference``: the temperature, and of each class the threshold with the best Youden
    index on these slices; 0.5 where none has it."""
    point = {"temperature": temperature}
    for number, label in enumerate(LABELS):
        known = [(row.flags[number], row.logits[number]) for row in rows if row.flags[number] is not None]
        there = np.array([flag for flag, _ in known], bool)
        threshold = _FALLBACK
        if there.any() and not there.all():
            said = expit(np.array([logit for _, logit in known]) / temperature)
            threshold = float(np.clip(best_youden(there, said).threshold, *_RANGE))
        point[f"threshold_{label}"] = round(threshold, 4)
    return point


def _stages(recipe: dict[str, Any], folder: Path) -> dict[str, Stage]:
    from safetensors.torch import load_file

    features = int(load_file(folder / SEQUENCE)["mean"].shape[0])
    sequence = {
        "kind": "slice_sequence",
        "features": features,
        "components": recipe["components"],
        "hidden": recipe["hidden"],
    }
    return {
        name: Stage(
            network=network,
            weights=file,
            sha256=sha256_of(folder / file),
            spacing_mm=(THICKNESS_MM, 1.0, 1.0),
            patch=(1, recipe["size"], recipe["size"]),
            windows=WINDOWS,
        )
        for name, network, file in (("slices", recipe["slices"], CNN), ("sequence", sequence, SEQUENCE))
    }


def _record(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Expected a trained fold in {folder}, found no {RECORD} ({error}).") from error
    if "temperature" not in found:
        raise InputError(f"Expected a finished training in {folder}, found one that was interrupted.")
    return found
