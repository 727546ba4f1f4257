"""BHSD, the Brain Hemorrhage Segmentation Dataset (Wu et al., MLMI 2023): 192 scans, five subtypes.

As published: ``label_192/images/*.nii.gz`` with ``label_192/ground truths/*.nii.gz``; or sorted as its
``dataset.json`` has it, ``imagesTr``, ``labelsTr``, ``imagesTs``, ``labelsTs``. That file gives the order of
the labels and a split into 96 training and 96 test scans. Names are ``ID_patient_ID_study``.
"""

import json
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import images_in, stem

LABELS = {1: "epidural", 2: "intraparenchymal", 3: "intraventricular", 4: "subarachnoid", 5: "subdural"}
"""As in the ``dataset.json`` of github.com/White65534/BHSD."""

_NAME = "bleedbrain"  # what BHSD calls itself in its dataset.json
_PAIRS = (("images", "ground truths"), ("imagesTr", "labelsTr"), ("imagesTs", "labelsTs"))


class Bhsd:
    name = "bhsd"

    def matches(self, folder: Path) -> bool:
        return any(
            (root / "ground truths").is_dir() or _description(root).get("name") == _NAME
            for root in (folder, folder / "label_192")
        )

    def cases(self, folder: Path) -> list[Case]:
        root = folder / "label_192" if (folder / "label_192").is_dir() else folder
        splits = _splits(_description(folder) or _description(root))
        images: dict[str, Path] = {}
        masks: dict[str, Path] = {}
        for image_folder, mask_folder in _PAIRS:
            images |= images_in(root / image_folder)
            masks |= images_in(root / mask_folder)
        if not images:
            raise InputError(
                f"Expected images and 'ground truths' in {root}.", "Unpack label_192.zip of BHSD there."
            )
        return [_case(name, images[name], masks.get(name), splits.get(name)) for name in sorted(images)]


def _case(name: str, image: Path, mask: Path | None, split: str | None) -> Case:
    patient = "_".join(name.split("_")[:2])
    fault = "" if mask else f"The scan {name} has no mask."
    return Case(name, patient, image, mask, LABELS, split=split, fault=fault)


def _description(root: Path) -> dict[str, Any]:
    try:
        found = json.loads((root / "dataset.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _splits(description: dict[str, Any]) -> dict[str, str]:
    if description.get("name") != _NAME:
        return {}
    training = {stem(Path(entry["image"])): "train" for entry in description.get("training", ())}
    return training | {stem(Path(entry)): "test" for entry in description.get("test", ())}
