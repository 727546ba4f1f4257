"""A table of scans: a CSV with the columns ``case`` and ``path``, perhaps ``mask``, and any others."""

import csv
import os
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..io.folder_files import files_in
from .case import LARGEST_NAME, LONGEST_NAME, Case, safe_name

_OWN = ("case", "path", "mask")


def read_table(table: Path) -> tuple[Case, ...]:
    """The cases of a table; relative paths count from its folder, other columns go into the summary.

    Raises:
        InputError: the table cannot be read, lacks a column, or a case's name is missing, there twice, or no
            plain folder name.
    """
    rows = _rows(table)
    lines: dict[str, int] = {}
    cases = []
    for line, row in rows:
        case = _case(table, line, row)
        if (before := lines.setdefault(case.name.casefold(), line)) != line:
            raise InputError(
                f"Expected every case once in {table.name}, found '{case.name}' in lines {before} and "
                f"{line}.",
                "Give each scan a name of its own.",
            )
        cases.append(case)
    return tuple(cases)


def _rows(table: Path) -> list[tuple[int, dict[str | Any, Any]]]:
    """Each row by column, and the line that it ends in."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in ("case", "path") if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"Expected the columns case and path in {table.name}, found "
                    f"{reader.fieldnames or 'none'}.",
                    "Write them into the first line, with commas between.",
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"Expected a table in {table.name}, found one that cannot be read: {error}.",
            "Save it as CSV in UTF-8.",
        ) from error
    if wide := next((line for line, row in rows if None in row), None):
        raise InputError(
            f"Expected as many values as columns in {table.name}, found more in line {wide}.",
            "Put quotes around values that hold a comma.",
        )
    return rows


def _case(table: Path, line: int, row: dict[str | Any, Any]) -> Case:
    given, path, mask = (row.get(column, "") for column in _OWN)
    name = given.strip()
    if name != safe_name(name):
        raise InputError(
            f"Expected the name of a case in line {line} of {table.name}, found '{name}'.",
            f"Results go into a folder of this name: give a plain one of at most {LONGEST_NAME} characters "
            f"and {LARGEST_NAME} bytes in UTF-8.",
        )
    if not path.strip():
        raise InputError(f"Expected a path in line {line} of {table.name}, found none.")
    scan = _place(table.parent, path)
    series = _series_in(scan)
    columns = {column: value for column, value in row.items() if column and column not in _OWN}
    return Case(
        name=name,
        files=(scan,) if series is None else series,
        is_series=series is not None,
        mask=_place(table.parent, mask) if mask.strip() else None,
        columns=columns if name == given else {**columns, "case": given},
    )


def _place(folder: Path, written: str) -> Path:
    """Without blanks around it, unless the name of what lies there begins or ends with them."""
    place = folder / written
    exists = os.path.exists(place)  # noqa: PTH110, as that of Path raises where a name is too long
    return place if exists else folder / written.strip()


def _series_in(scan: Path) -> tuple[Path, ...] | None:
    """The files of a folder; None for a file, and for what cannot be looked at: its case tells that later."""
    try:
        return tuple(files_in(scan)) if scan.is_dir() else None
    except OSError:
        return None
