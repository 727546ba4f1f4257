"""A folder of scans and masks that belong together by name.

Either two folders, one of scans (``images``, ``image``, ``data``, ``ct``) and one of masks (``masks``,
``mask``, ``labels``, ``label``, ``segmentations``), with the same names in both; or one folder in which the
mask of ``NAME`` (or ``NAME_ct``, ``NAME_image``) is ``NAME_mask``, ``NAME_seg`` or ``NAME_label``.
"""

from collections import defaultdict
from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import image_files, stem

_SCANS = ("images", "image", "data", "ct")
_MASKS = ("masks", "mask", "labels", "label", "segmentations")
_SCAN_TAILS = ("_ct", "_image")
_MASK_TAILS = ("_mask", "_seg", "_label")


class PlainFolder:
    """The masks have the library's own label values; 1 is hemorrhage."""

    name = "folder"

    def matches(self, folder: Path) -> bool:
        return folder.is_dir() and any(masks for _, masks in _pairs(folder).values())

    def cases(self, folder: Path) -> list[Case]:
        pairs = _pairs(folder)
        if not pairs:
            raise InputError(
                f"Expected scans and masks in {folder}, found none.",
                "Put scans into 'images' and masks with the same names into 'masks'.",
            )
        return [_case(name, *pairs[name]) for name in sorted(pairs)]


def _pairs(folder: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """Scans and masks of each name: one of each, if all is well."""
    scans = next((folder / name for name in _SCANS if (folder / name).is_dir()), None)
    masks = next((folder / name for name in _MASKS if (folder / name).is_dir()), None)
    if scans and masks:
        return _matched(image_files(scans), image_files(masks))
    files = image_files(folder)
    drawn = [path for path in files if stem(path).endswith(_MASK_TAILS)]
    return _matched([path for path in files if path not in drawn], drawn)


def _matched(scans: list[Path], masks: list[Path]) -> dict[str, tuple[list[Path], list[Path]]]:
    found: dict[str, tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
    for path in scans:
        found[_without(stem(path), _SCAN_TAILS)][0].append(path)
    for path in masks:
        found[_without(stem(path), _MASK_TAILS)][1].append(path)
    return found


def _without(name: str, tails: tuple[str, ...]) -> str:
    return next((name.removesuffix(tail) for tail in tails if name.endswith(tail)), name)


def _case(name: str, scans: list[Path], masks: list[Path]) -> Case:
    fault = "" if scans else f"There is a mask {name}, but no scan with this name."
    for files in (scans, masks):
        if len(files) > 1:
            fault = f"Two files are called {name}: {files[0].name} and {files[1].name}. Remove one."
    return Case(name, name, scans[0] if scans else Path(), masks[0] if masks else None, fault=fault)
