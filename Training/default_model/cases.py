"""The cases of the data folder: which there are, what is known of them, and who may be trained on."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One scan of the data folder.

    Attributes:
        name: ``folder/number``.
        image: the CT.
        mask: the hematoma mask, or None where nobody drew one.
        split: ``train`` or ``validation``.
        hemorrhage: whether the scan bleeds at all.
        bleeding_slices: indices (from 0) of the slices with hemorrhage, where readers named them.
    """

    name: str
    image: Path
    mask: Path | None
    split: str
    hemorrhage: bool
    subtypes: tuple[str, ...]
    bleeding_slices: tuple[int, ...]


def read_cases(data: Path) -> list[Case]:
    """All cases that ``data/cases.csv`` names."""
    with (data / "cases.csv").open(newline="", encoding="utf-8") as stream:
        return [_case(data, row) for row in csv.DictReader(stream)]


def _case(data: Path, row: dict[str, str]) -> Case:
    mask = data / f"{row['case']}_ich_silver.nii.gz"
    return Case(
        name=row["case"],
        image=data / f"{row['case']}_ct.nii.gz",
        mask=mask if mask.exists() else None,
        split=row["split"],
        hemorrhage=row["hemorrhage"] == "1",
        subtypes=tuple(row["subtypes"].split()),
        bleeding_slices=tuple(int(number) - 1 for number in row["ich_slices"].split()),
    )
