"""Tables (CSV) that data sets come with, and the names of files in their folders."""

import csv
from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.errors import InputError, UnknownLabelError
from ICHSegmentationLib.labels import LABELS

IMAGE_ENDINGS = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Of files that hold a whole scan or a whole mask."""

_LONGEST_CELL = 2**24  # the slices of a thin scan stand in one cell

_OTHER_NAMES = {
    "ich": "hemorrhage",
    "bleeding": "hemorrhage",
    "haemorrhage": "hemorrhage",
    "hematoma": "hemorrhage",
    "intracerebral": "intraparenchymal",
    "extradural": "epidural",
}


def read_rows(path: Path, columns: Sequence[str] = (), exact: bool = False) -> list[dict[str, str]]:
    """The rows of a table, without spaces around names and values.

    Args:
        columns: those that it must have.
        exact: leave the values as they stand, for a table that a program wrote.

    Raises:
        InputError: the table is missing, not text, or lacks one of ``columns``.
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream, skipinitialspace=not exact)
            names = [name.strip() for name in table.fieldnames or ()]
            table.fieldnames = names
            rows = [{name: value or "" for name, value in row.items() if name} for row in table]
    except FileNotFoundError as error:
        raise InputError(f"Expected a table at {path}, found none there.", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Expected a table in {path.name}, found something else ({error}).") from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(
            f"Expected the columns {', '.join(columns)} in {path.name}, found {', '.join(names) or 'none'}.",
            f"Add {', '.join(missing)}.",
        )
    return rows if exact else [{name: value.strip() for name, value in row.items()} for row in rows]


def columns_of(path: Path) -> list[str]:
    """The names of a table's columns; none where there is no table."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
            return [name.strip() for name in next(csv.reader(stream, skipinitialspace=True), [])]
    except (OSError, csv.Error):
        return []


def stem(path: Path) -> str:
    """The file's name without the ending of an image."""
    for ending in IMAGE_ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.stem


def image_files(folder: Path) -> list[Path]:
    """The scans or masks that lie in a folder, sorted. Hidden files do not count."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name.lower().endswith(IMAGE_ENDINGS) and not path.name.startswith(".")
    ]


def images_in(folder: Path) -> dict[str, Path]:
    """The scans or masks that lie in a folder, by their stem, sorted."""
    return {stem(path): path for path in image_files(folder)}


def label_id(text: str) -> str:
    """The id of the label that people call so: by id, name or abbreviation, in any case.

    Raises:
        UnknownLabelError: no label is called so.
    """
    wanted = text.strip().lower().replace("_", " ").removesuffix(" hemorrhage").removesuffix(" haemorrhage")
    for label in LABELS:
        names = {label.id, label.abbreviation.lower(), label.name.lower().removesuffix(" hemorrhage")}
        if wanted in names:
            return label.id
    if wanted in _OTHER_NAMES:
        return _OTHER_NAMES[wanted]
    raise UnknownLabelError(
        f"There is no label called '{text}'.", f"Known labels: {', '.join(label.id for label in LABELS)}."
    )
