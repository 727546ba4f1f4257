"""The data that the default model is trained on: PHE-SICH-CT-IDS and PhysioNet CT-ICH, rebuilt from pictures.

``cases.csv`` has ``case, split, hemorrhage, subtypes, ich_slices, slices, ...``; slices count from 1. For
each case there is ``CASE_ct.nii.gz``, and ``CASE_ich_silver.nii.gz`` where there is a mask.
"""

from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case, SliceLabel
from .tables import columns_of, label_id, read_rows

_COLUMNS = ("case", "split", "hemorrhage", "subtypes", "ich_slices", "slices")
_ONLY_HEMATOMA = "phe_sich/"
_NOTES = {
    "phe_sich": (
        "The mask is silver: derived from the drawn edema and checked by eye; often ventricular blood lacks.",
        "Spacing is nominal, and so are millilitres.",
        "HU were rebuilt from 8-bit pictures; outside of the source's window they are clipped.",
    ),
    "physionet_ct_ich": (
        "HU were rebuilt from 8-bit pictures; outside of the brain window they are coarse.",
    ),
}


class DefaultData:
    name = "default-data"

    def matches(self, folder: Path) -> bool:
        return set(_COLUMNS) <= set(columns_of(folder / "cases.csv"))

    def cases(self, folder: Path) -> list[Case]:
        rows = read_rows(folder / "cases.csv", _COLUMNS)
        if not rows:
            raise InputError(f"Expected cases in {folder / 'cases.csv'}, found none.")
        return sorted((_case(folder, row) for row in rows), key=lambda case: case.name)


def _case(folder: Path, row: dict[str, str]) -> Case:
    name = row["case"]
    mask = folder / f"{name}_ich_silver.nii.gz"
    bleeds = row["hemorrhage"] == "1"
    subtypes = {label_id(text) for text in row["subtypes"].split()}
    return Case(
        name=name,
        patient=name,  # patients do not repeat
        image=folder / f"{name}_ct.nii.gz",
        mask=mask if mask.is_file() else None,
        labels={1: "intraparenchymal" if name.startswith(_ONLY_HEMATOMA) else "hemorrhage"},
        slice_labels=_slice_labels(row, bleeds, subtypes),
        scan_labels=SliceLabel.of(subtypes, any=bleeds),
        split=row["split"] or None,
        notes=_NOTES.get(name.partition("/")[0], ()),
    )


def _slice_labels(row: dict[str, str], bleeds: bool, subtypes: set[str]) -> tuple[SliceLabel, ...] | None:
    """Which slices bleed. The table tells subtypes of the scan only, so of a slice only when there is one."""
    named = {int(number) for number in row["ich_slices"].split()}
    if bleeds and not named:
        return None
    seen = SliceLabel.of(subtypes if len(subtypes) == 1 else set(), any=True)
    return tuple(seen if number in named else SliceLabel() for number in range(1, int(row["slices"]) + 1))
