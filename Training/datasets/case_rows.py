"""A case as a row of ``cases.csv``, and back.

The row has everything that a :class:`Case` holds and what was measured. Paths are relative to the data set's
folder; several in a cell are each followed by ``|``. Labels of slices are separated by ``;``: ``-`` for none,
``any``, or abbreviations such as ``IPH+IVH``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.labels import LABELS, SUBTYPES, label_named

from .case import Case, SliceLabel
from .checks import CaseReport
from .tables import label_id

_BETWEEN = "|"
_NOTHING, _ANY = "-", "any"
_ABBREVIATIONS = {label.id: label.abbreviation for label in SUBTYPES}


def row_of(root: Path, case: Case, report: CaseReport, fold: int | str) -> dict[str, Any]:
    """The row of a case whose paths can stand in one, see :func:`path_fault`."""
    sizes = zip(("slices", "rows", "columns"), report.shape, report.spacing_mm, strict=True)
    volumes = report.volumes_ml or {}
    return {
        "case": case.name,
        "image": _paths(root, case.image),
        "mask": _paths(root, case.mask),
        "patient": case.patient,
        "split": case.split or "",
        "fold": fold,
        "has_mask": int(case.has_mask),
        "hemorrhage_ml": "" if report.hemorrhage_ml is None else round(report.hemorrhage_ml, 4),
        **{f"{label.id}_ml": volumes.get(label.id, "") for label in LABELS if label in SUBTYPES},
        **{
            key: value
            for name, count, mm in sizes
            for key, value in ((name, count), (f"{name}_mm", round(mm, 5)))
        },
        "labels": ";".join(f"{value}={label}" for value, label in case.labels.items()),
        "mask_by_voxel": int(case.mask_by_voxel),
        "scan_labels": "" if case.scan_labels is None else _label_text(case.scan_labels),
        "slice_labels": ";".join(_label_text(label) for label in case.slice_labels or ()),
        "disputed": int(case.disputed),
        "picture_spacing_mm": ";".join(map(repr, case.spacing_mm or ())),
        "notes": " ".join(case.notes),
        "digest": report.digest,
        "mask_digest": report.mask_digest,
    }


def path_fault(root: Path, case: Case) -> str:
    """Why the paths of a case cannot stand in a row; empty where they can."""
    images, masks = (paths if isinstance(paths, tuple) else (paths,) for paths in (case.image, case.mask))
    for path in (*images, *masks):
        if path is not None and _BETWEEN in (text := _relative(root, path)):
            return f"Expected a path without '{_BETWEEN}', found {text}. Rename the file."
    return ""


def case_of(root: Path, row: Mapping[str, str]) -> Case:
    """The case of a row, as it was but for its notes, which come as one.

    Raises:
        InputError: the row names no image.
        UnknownLabelError: a label of the row is none of ours.
    """
    slices = tuple(_label(text) for text in row["slice_labels"].split(";") if text)
    spacing = [float(mm) for mm in row["picture_spacing_mm"].split(";") if mm]
    labels = dict(entry.split("=") for entry in row["labels"].split(";") if entry)
    image = _read_paths(root, row["image"])
    if image is None or (isinstance(image, tuple) and None in image):
        raise InputError(f"Expected an image for {row['case']}, found none.")
    return Case(
        name=row["case"],
        patient=row["patient"],
        image=image if isinstance(image, Path) else tuple(path for path in image if path),
        mask=_read_paths(root, row["mask"]),
        labels={int(value): label_named(label).id for value, label in labels.items()},
        mask_by_voxel=row["mask_by_voxel"] == "1",
        slice_labels=slices or None,
        scan_labels=_label(row["scan_labels"]) if row["scan_labels"] else None,
        disputed=row["disputed"] == "1",
        split=row["split"] or None,
        spacing_mm=(spacing[0], spacing[1], spacing[2]) if spacing else None,
        notes=(row["notes"],) if row["notes"] else (),
        content="-".join(digest for digest in _digests(row) if digest),
    )


def _digests(row: Mapping[str, str]) -> tuple[str, str]:
    """Of the HU and of the mask, which folders of earlier versions do not tell."""
    return row["digest"], row.get("mask_digest", "")


def _paths(root: Path, paths: Path | tuple[Path | None, ...] | None) -> str:
    if paths is None:
        return ""
    if isinstance(paths, Path):
        return _relative(root, paths)
    return "".join(_BETWEEN if path is None else _relative(root, path) + _BETWEEN for path in paths)


def _relative(root: Path, path: Path) -> str:
    absolute = path.absolute()
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()


def _read_paths(root: Path, text: str) -> Path | tuple[Path | None, ...] | None:
    if not text:
        return None
    if _BETWEEN not in text:
        return root / text
    return tuple(root / part if part else None for part in text.split(_BETWEEN)[:-1])


def _label_text(label: SliceLabel) -> str:
    names = [_ABBREVIATIONS[subtype] for subtype in label.subtypes]
    return "+".join(names) or (_ANY if label.any else _NOTHING)


def _label(text: str) -> SliceLabel:
    if text in (_NOTHING, _ANY):
        return SliceLabel(any=text == _ANY)
    return SliceLabel.of({label_id(name) for name in text.split("+")})
