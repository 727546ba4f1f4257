"""A table ``case,image,mask[,patient,split]`` whose paths are absolute or relative to it."""

from collections import Counter
from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case
from .tables import columns_of, read_rows

_COLUMNS = ("case", "image", "mask")
_NAMES = ("cases.csv", "dataset.csv")
_SPLITS = ("train", "validation", "test")


class CsvTable:
    """The masks have the library's own label values; an empty cell means that nobody drew one."""

    name = "csv"

    def matches(self, folder: Path) -> bool:
        return _table(folder) is not None

    def cases(self, folder: Path) -> list[Case]:
        table = _table(folder)
        if table is None:
            raise InputError(f"Expected a table with the columns {', '.join(_COLUMNS)} in {folder}.")
        rows = read_rows(table, _COLUMNS)
        seen = Counter(row["case"] for row in rows)
        if not rows or max(seen.values()) > 1 or "" in seen:
            twice = ", ".join(name or "''" for name, count in seen.items() if count > 1 or not name)
            raise InputError(
                f"Expected a name of its own for each case in {table.name}, found {twice or 'none'}."
            )
        return sorted((_case(table.parent, row) for row in rows), key=lambda case: case.name)


def _table(folder: Path) -> Path | None:
    """``folder`` may be the table itself."""
    candidates = [folder] if folder.suffix.lower() == ".csv" else [folder / name for name in _NAMES]
    return next((path for path in candidates if set(_COLUMNS) <= set(columns_of(path))), None)


def _case(root: Path, row: dict[str, str]) -> Case:
    split = row.get("split", "").lower() or None
    fault = ""
    if not row["image"]:
        fault = "The table names no image for it."
    elif split is not None and split not in _SPLITS:
        fault = f"Its split is '{split}'; expected one of {', '.join(_SPLITS)}, or none."
    return Case(
        name=row["case"],
        patient=row.get("patient") or row["case"],
        image=root / row["image"],
        mask=root / row["mask"] if row["mask"] else None,
        split=split,
        fault=fault,
    )
