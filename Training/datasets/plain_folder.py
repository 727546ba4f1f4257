"""A folder of scans and masks that belong together by name.

Either two folders, one of scans (``images``, ``image``, ``data``, ``ct``) and one of masks (``masks``,
``mask``, ``labels``, ``label``, ``segmentations``), with the same names in both; or one folder in which the
mask of ``NAME`` (or ``NAME_ct``, ``NAME_image``) is ``NAME_mask``, ``NAME_seg`` or ``NAME_label``.
"""

from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import images_in

_SCANS = ("images", "image", "data", "ct")
_MASKS = ("masks", "mask", "labels", "label", "segmentations")
_SCAN_TAILS = ("_ct", "_image")
_MASK_TAILS = ("_mask", "_seg", "_label")


class PlainFolder:
    """The masks have the library's own label values; 1 is hemorrhage."""

    name = "folder"

    def matches(self, folder: Path) -> bool:
        return folder.is_dir() and any(mask for _, mask in _pairs(folder).values())

    def cases(self, folder: Path) -> list[Case]:
        pairs = _pairs(folder)
        if not pairs:
            raise InputError(
                f"Expected scans and masks in {folder}, found none.",
                "Put scans into 'images' and masks with the same names into 'masks'.",
            )
        return [_case(name, *pairs[name]) for name in sorted(pairs)]


def _pairs(folder: Path) -> dict[str, tuple[Path | None, Path | None]]:
    scans = next((folder / name for name in _SCANS if (folder / name).is_dir()), None)
    masks = next((folder / name for name in _MASKS if (folder / name).is_dir()), None)
    if scans and masks:
        return _matched(
            {_without(name, _SCAN_TAILS): path for name, path in images_in(scans).items()},
            {_without(name, _MASK_TAILS): path for name, path in images_in(masks).items()},
        )
    files = images_in(folder)
    drawn = {name: path for name, path in files.items() if name.endswith(_MASK_TAILS)}
    return _matched(
        {_without(name, _SCAN_TAILS): path for name, path in files.items() if name not in drawn},
        {_without(name, _MASK_TAILS): path for name, path in drawn.items()},
    )


def _matched(scans: dict[str, Path], masks: dict[str, Path]) -> dict[str, tuple[Path | None, Path | None]]:
    return {name: (scans.get(name), masks.get(name)) for name in scans.keys() | masks.keys()}


def _without(name: str, tails: tuple[str, ...]) -> str:
    return next((name.removesuffix(tail) for tail in tails if name.endswith(tail)), name)


def _case(name: str, scan: Path | None, mask: Path | None) -> Case:
    if scan is None:
        return Case(name, name, Path(), mask, fault=f"There is a mask {name}, but no scan with this name.")
    return Case(name, name, scan, mask)
