"""From what the user gave to the cases in it."""

from pathlib import Path

from ..errors import InputError
from .case import Found
from .table import read_table
from .tree import search_tree


def find_cases(source: Path, out_dir: Path, keep_identifiers: bool = False) -> Found:
    """The cases in a folder of images, a tree of DICOM, or a CSV table of scans.

    Args:
        source: the folder or the ``.csv``.
        out_dir: where results go; never searched, even where it lies inside ``source``.
        keep_identifiers: tell in the summary whom a DICOM series shows.

    Raises:
        InputError: ``source`` is neither, or the table is not valid, or nothing was found at all.
    """
    if source.is_dir():
        found = search_tree(source, out_dir, keep_identifiers)
    elif source.is_file() and source.suffix.lower() == ".csv":
        found = Found(read_table(source))
    else:
        raise InputError(
            f"Expected a folder or a .csv at {source}, found {'a file' if source.exists() else 'nothing'}.",
            "Give a folder of images, a tree of DICOM, or a table with the columns case and path.",
        )
    if not found.cases and not found.left_out:
        raise InputError(f"Expected head CTs in {source}, found no image.", "Check the path.")
    return found
