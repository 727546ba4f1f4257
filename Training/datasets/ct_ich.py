"""PhysioNet CT-ICH, release 1.3.1 (Hssayeni et al. 2020): 75 scans after trauma, NIfTI.

As published: ``ct_scans/NNN.nii``, ``masks/NNN.nii`` (binary) and ``hemorrhage_diagnosis_raw_ct.csv`` with
one row a slice, ``SliceNumber`` counted from 1 along the third axis of the file. Patients 59 to 65 have no
scan.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
from nibabel.filebasedimages import ImageFileError

from ICHSegmentationLib.errors import InputError

from .case import SUBTYPE_IDS, Case, SliceLabel
from .tables import images_in, read_rows

TABLES = ("hemorrhage_diagnosis_raw_ct.csv", "hemorrhage_diagnosis.csv")

_BINARY = {1: "hemorrhage", 255: "hemorrhage"}
_PIXELS = "The mask is binary: it does not tell the subtypes that the slice labels name."


class CtIch:
    name = "ct-ich"

    def matches(self, folder: Path) -> bool:
        return (folder / "ct_scans").is_dir() and _table(folder) is not None

    def cases(self, folder: Path) -> list[Case]:
        table = _table(folder)
        if table is None:
            raise InputError(
                f"Expected ct_scans and {TABLES[0]} in {folder}.", "Download CT-ICH 1.3.1 there."
            )
        rows = slice_rows(table)
        masks = images_in(folder / "masks")
        scans = images_in(folder / "ct_scans")
        return [
            _case(name, image, masks.get(name), rows.get(number_of(name), {}))
            for name, image in scans.items()
        ]


def slice_rows(table: Path) -> dict[int, dict[int, SliceLabel]]:
    """Patient number -> slice number -> what the two radiologists saw.

    Raises:
        InputError: the table is missing, has other columns, or no numbers where they belong.
    """
    subtypes = [subtype.capitalize() for subtype in SUBTYPE_IDS]
    found: dict[int, dict[int, SliceLabel]] = defaultdict(dict)
    for row in read_rows(table, ["PatientNumber", "SliceNumber", "No_Hemorrhage", *subtypes]):
        if not any(row.values()):
            continue
        if not row["PatientNumber"].isdigit() or not row["SliceNumber"].isdigit():
            raise InputError(f"Expected numbers of a patient and a slice in {table.name}, found {row}.")
        there = {name.lower() for name in subtypes if row[name] not in ("", "0")}
        label = SliceLabel.of(there, any=row["No_Hemorrhage"] == "0")
        found[int(row["PatientNumber"])][int(row["SliceNumber"])] = label
    return found


def labels_in_order(
    rows: Mapping[int, SliceLabel], numbers: Sequence[int]
) -> tuple[tuple[SliceLabel, ...] | None, tuple[str, ...]]:
    """The labels of the slices with these numbers, and a note where the table does not fit them."""
    if not rows:
        return None, ("The table does not name this scan.",)
    if set(rows) == set(numbers):
        return tuple(rows[number] for number in numbers), ()
    return None, (
        f"The table names {len(rows)} slices, the scan has {len(numbers)}: no labels of slices are used.",
    )


def union(labels: Sequence[SliceLabel]) -> SliceLabel:
    """What was seen on any of the slices."""
    there = {subtype for label in labels for subtype in label.subtypes}
    return SliceLabel.of(there, any=any(label.any for label in labels))


def number_of(name: str) -> int:
    return int(name) if name.isdigit() else -1


def _case(name: str, image: Path, mask: Path | None, rows: Mapping[int, SliceLabel]) -> Case:
    labels, notes = labels_in_order(rows, range(1, _slices(image) + 1))
    return Case(
        name=name,
        patient=name,
        image=image,
        mask=mask,
        labels=_BINARY,
        # The publisher's own script pairs scan and mask voxel by voxel, whatever the masks' headers say.
        mask_by_voxel=True,
        slice_labels=labels,
        scan_labels=union(list(rows.values())) if rows else None,
        notes=(_PIXELS, *notes),
        fault="" if mask else f"The scan {name} has no mask.",
    )


def _table(folder: Path) -> Path | None:
    return next((folder / name for name in TABLES if (folder / name).is_file()), None)


def _slices(image: Path) -> int:
    """Along the third axis of the file; 0 where it cannot be opened, which reading the case will tell."""
    try:
        loaded: Any = nib.load(image)
        return int(loaded.shape[2])
    except (OSError, ImageFileError, IndexError, EOFError, ValueError):
        return 0
