"""A folder and everything below it: image files are cases, DICOM files are sorted into series."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..io.scans import is_dicom
from ..pipeline.cases import unique_names
from ..pipeline.result_folder import is_own
from ..printable import printable
from .case import Case, Found, LeftOut, split_ending
from .image_names import names_of_images
from .series import SeriesIndex
from .short_hash import short_hash

_IMAGES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_SEGMENTATION = ".seg.nrrd"
_RESULTS = {"measurements.json", "detection.json"}
"""A folder with one of these holds the result of a scan."""


def search_tree(root: Path, out_dir: Path, keep_identifiers: bool) -> Found:
    """Image files, named by their place below ``root``, and head CTs among the DICOM series.

    Links to folders are not followed: they may lead in a circle. Folders that cannot be read are left out.
    Results are no scans, wherever they lie.

    Raises:
        InputError: ``root`` itself cannot be read.
    """
    images: list[Path] = []
    closed: list[LeftOut] = []

    def leave_out(error: OSError) -> None:
        place = Path(error.filename).relative_to(root).as_posix()
        if place == ".":
            raise InputError(
                f"Expected a folder that can be read at {root}, found one that cannot ({error.strerror}).",
                "Allow reading it, or give another one.",
            ) from error
        columns = {"path": printable(place)} if keep_identifiers else {}
        closed.append(LeftOut(f"folder-{short_hash(place)}", "a folder that cannot be read", columns))

    index = SeriesIndex(root, keep_identifiers)
    others: Counter[str] = Counter()
    for path in _files(root, out_dir, leave_out):
        name = path.name.lower()
        if name.endswith(_IMAGES) and not name.endswith(_SEGMENTATION):
            images.append(path)
        elif _is_dicom(path):
            index.add(path)
        else:
            others[_ending(path)] += 1
    series, left_out = index.sorted_out()
    places = [path.relative_to(root) for path in images]
    cases = [
        *(
            Case(name, (path,), columns={"path": printable(place.as_posix())})
            for name, path, place in zip(names_of_images(places), images, places, strict=True)
        ),
        *series,
    ]
    names = unique_names([case.name for case in cases])
    return Found(
        cases=tuple(replace(case, name=name) for case, name in zip(cases, names, strict=True)),
        left_out=(*left_out, *closed),
        other_files=dict(sorted(others.items())),
    )


def _files(root: Path, out_dir: Path, leave_out: Callable[[OSError], None]) -> Iterator[Path]:
    """Every file that is neither hidden nor a result, in the order of the names; ``leave_out`` hears of
    unreadable folders."""
    results = out_dir.resolve()
    for folder, subfolders, files in os.walk(root, onerror=leave_out):
        place = Path(folder)
        result = not _RESULTS.isdisjoint(files)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not (name.startswith(".") or (place / name).resolve() == results or (result and is_own(name)))
        )
        yield from (
            place / name for name in sorted(files) if not (name.startswith(".") or (result and is_own(name)))
        )


def _is_dicom(path: Path) -> bool:
    try:
        return path.is_file() and is_dicom(path)
    except InputError:  # it cannot be opened: the index tells so
        return path.suffix.lower() == ".dcm"


def _ending(path: Path) -> str:
    return printable(split_ending(path)[1].lower())
