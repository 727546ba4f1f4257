"""PhysioNet CT-ICH, release 1.0.0 (Hssayeni et al. 2020): 82 scans after trauma, as JPEG pictures.

As published: ``Patients_CT/NNN/brain/S.jpg`` (window 40/120) with ``S_HGE_Seg.jpg`` on slices that were
traced, the same slices in a bone window under ``bone``, and ``hemorrhage_diagnosis.csv`` with one row a
slice. Slice 1 is the lowest. The pictures carry no spacing: a nominal one stands in.
"""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from ICHSegmentationLib.errors import InputError

from .case import Case, SliceLabel
from .ct_ich import TABLES, labels_in_order, number_of, slice_rows, union

SLICE_MM = 5.0
"""Slice thickness that the publication states."""

WIDTH_MM = 215.5
"""Median width of 44 of the same scans by their published NIfTI headers (release 1.3.1)."""

_MASK = "_HGE_Seg"
_NOTES = (
    "Spacing is nominal: the pictures carry none, so 5 mm slices of 215.5 mm width are assumed and "
    "millilitres are nominal too.",
    "HU were rebuilt from 8-bit JPEG pictures: of the window 40/120 between -20 and 100 HU, beyond it of the "
    "window 700/3200 in steps of 12.5 HU, or clipped where the bone picture is missing.",
    "The mask is binary: it does not tell the subtypes that the slice labels name.",
)


class CtIchPictures:
    name = "ct-ich-pictures"

    def matches(self, folder: Path) -> bool:
        return (folder / "Patients_CT").is_dir()

    def cases(self, folder: Path) -> list[Case]:
        patients = folder / "Patients_CT"
        if not patients.is_dir():
            raise InputError(f"Expected Patients_CT in {folder}.", "Unpack CT-ICH 1.0.0 there.")
        tables = [folder / name for name in TABLES if (folder / name).is_file()]
        rows = slice_rows(tables[-1]) if tables else {}
        found = sorted(path for path in patients.iterdir() if path.is_dir() and not path.name.startswith("."))
        return [_case(path, rows.get(number_of(path.name), {})) for path in found]


def _case(patient: Path, rows: Mapping[int, SliceLabel]) -> Case:
    name = patient.name
    numbered = {number_of(path.stem): path for path in (patient / "brain").glob("*.jpg")}
    numbered.pop(-1, None)  # masks, and anything else whose name is no number
    numbers = sorted(numbered)
    if not numbers:
        return Case(name, name, (), fault=f"There are no slices in {name}/brain.")
    slices = tuple(numbered[number] for number in numbers)
    labels, unfit = labels_in_order(rows, numbers)
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers)
    fault = f"{gaps} slices between the first and the last are missing." if gaps else ""
    masks = tuple(_mask_of(path) for path in slices)
    if not any(masks) and any(label.any for label in rows.values()):
        fault = fault or "Readers saw hemorrhage, but no slice has a mask."
    return Case(
        name=name,
        patient=name,
        image=slices,
        mask=masks,
        labels={255: "hemorrhage"},
        slice_labels=labels,
        scan_labels=union(list(rows.values())) if rows else None,
        spacing_mm=_spacing(slices[0]),
        notes=(*_NOTES, *unfit),
        fault=fault,
    )


def _mask_of(slice_: Path) -> Path | None:
    mask = slice_.with_name(f"{slice_.stem}{_MASK}{slice_.suffix}")
    return mask if mask.is_file() else None


def _spacing(picture: Path) -> tuple[float, float, float]:
    """Nominal; 1 mm pixels where the picture cannot be opened, which reading the case will tell."""
    try:
        with Image.open(picture) as opened:
            pixel = WIDTH_MM / opened.width
    except (OSError, SyntaxError):
        pixel = 1.0
    return SLICE_MM, pixel, pixel
