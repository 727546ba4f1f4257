"""nnU-Net's raw data format, version 2, as a source.

As nnU-Net's documentation has it: ``imagesTr/CASE_0000.nii.gz``, ``labelsTr/CASE.nii.gz``, optionally
``imagesTs`` and ``labelsTs``, and ``dataset.json`` with ``channel_names``, ``labels`` (name -> value) and
``file_ending``; or with ``dataset``, which names the files of each case.
"""

import json
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import label_id

_NO_LABELS = ("background", "ignore")


class NnUNet:
    name = "nnunet"

    def matches(self, folder: Path) -> bool:
        description = folder / "dataset.json"
        return description.is_file() and '"channel_names"' in description.read_text("utf-8", errors="replace")

    def cases(self, folder: Path) -> list[Case]:
        description = _description(folder)
        labels = _labels(description)
        channel = _ct_channel(description)
        found = []
        for split, ending in (("train", "Tr"), ("test", "Ts")):
            pairs = _listed(folder, description, channel) if split == "train" else {}
            pairs = pairs or _on_disk(folder, ending, channel, str(description["file_ending"]))
            found += [_case(name, image, mask, labels, split) for name, (image, mask) in pairs.items()]
        return sorted(found, key=lambda case: case.name)


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "dataset.json"
    try:
        description: dict[str, Any] = json.loads(path.read_text("utf-8"))
        missing = {"channel_names", "labels", "file_ending"} - description.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"Expected nnU-Net's description in {path} ({error}).") from error
    if missing:
        raise InputError(f"Expected {', '.join(sorted(missing))} in {path}.", "Is it of version 2?")
    return description


def _labels(description: dict[str, Any]) -> dict[int, str]:
    labels = {}
    for name, value in description["labels"].items():
        if name.lower() in _NO_LABELS:
            continue
        if not isinstance(value, int):
            raise InputError(
                f"Expected one value for the label '{name}', found {value}: regions are not supported."
            )
        labels[value] = label_id(name)
    return labels


def _ct_channel(description: dict[str, Any]) -> int:
    channels = {int(number): str(name) for number, name in description["channel_names"].items()}
    for number, name in sorted(channels.items()):
        if name.upper() == "CT" or len(channels) == 1:
            return number
    raise InputError(f"Expected a channel named CT, found {', '.join(channels.values())}.")


def _listed(folder: Path, description: dict[str, Any], channel: int) -> dict[str, tuple[Path, Path]]:
    entries = description.get("dataset") or {}
    try:
        return {
            name: (folder / entry["images"][channel], folder / entry["label"])
            for name, entry in entries.items()
        }
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(
            f"Expected 'images' and 'label' for each case under 'dataset' in {folder / 'dataset.json'}."
        ) from error


def _on_disk(folder: Path, split: str, channel: int, ending: str) -> dict[str, tuple[Path, Path]]:
    tail = f"_{channel:04d}{ending}"
    images = sorted((folder / f"images{split}").glob(f"*{tail}"))
    names = {path.name[: -len(tail)]: path for path in images}
    return {name: (path, folder / f"labels{split}" / f"{name}{ending}") for name, path in names.items()}


def _case(name: str, image: Path, mask: Path, labels: dict[int, str], split: str) -> Case:
    there = mask.is_file()
    fault = "" if there or split == "test" else f"There is no label {mask.name} in {mask.parent.name}."
    return Case(name, name, image, mask if there else None, labels, split=split, fault=fault)
