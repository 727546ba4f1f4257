"""INSTANCE 2022, the MICCAI challenge on segmenting intracranial hemorrhage: 100 scans with masks.

As published: ``train_2/data/NNN.nii.gz`` and ``train_2/label/NNN.nii.gz``. Scans without labels (the
challenge's validation set) lie in a folder of their own; they are no cases here.
"""

from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import images_in

_FOLDERS = ("train_2", "train", ".")


class Instance2022:
    name = "instance2022"

    def matches(self, folder: Path) -> bool:
        return _root(folder) is not None

    def cases(self, folder: Path) -> list[Case]:
        root = _root(folder)
        if root is None:
            raise InputError(
                f"Expected train_2/data and train_2/label in {folder}.",
                "Unpack train_2.zip of INSTANCE 2022.",
            )
        images, masks = images_in(root / "data"), images_in(root / "label")
        return [
            _case(name, images.get(name), masks.get(name)) for name in sorted(images.keys() | masks.keys())
        ]


def _root(folder: Path) -> Path | None:
    for name in _FOLDERS:
        if (folder / name / "data").is_dir() and (folder / name / "label").is_dir():
            return folder / name
    return None


def _case(name: str, image: Path | None, mask: Path | None) -> Case:
    fault = ""
    if image is None:
        fault = f"There is a label {name}, but no scan with this name."
    elif mask is None:
        fault = f"The scan {name} has no label."
    return Case(name, name, image or Path(), mask, {1: "hemorrhage"}, fault=fault)
