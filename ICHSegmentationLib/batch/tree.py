"""A folder and everything below it: image files are cases, DICOM files are sorted into series."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..io.scans import is_dicom
from .case import Case, Found, safe_name, split_ending, unique_names
from .series import SeriesIndex

_IMAGES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_SEGMENTATION = ".seg.nrrd"


def search_tree(root: Path, out_dir: Path, keep_identifiers: bool) -> Found:
    """Image files, named by their place below ``root``, and head CTs among the DICOM series.

    Links to folders are not followed: they may lead in a circle.
    """
    images: list[Path] = []
    index = SeriesIndex(root, keep_identifiers)
    others: Counter[str] = Counter()
    for path in _files(root, out_dir):
        name = path.name.lower()
        if name.endswith(_IMAGES) and not name.endswith(_SEGMENTATION):
            images.append(path)
        elif _is_dicom(path):
            index.add(path)
        else:
            others[_ending(path)] += 1
    series, left_out = index.sorted_out()
    cases = [*(Case(_name(root, path), (path,)) for path in images), *series]
    names = unique_names([case.name for case in cases])
    return Found(
        cases=tuple(replace(case, name=name) for case, name in zip(cases, names, strict=True)),
        left_out=left_out,
        other_files=dict(sorted(others.items())),
    )


def _files(root: Path, out_dir: Path) -> Iterator[Path]:
    """Every file that is not hidden, in the order of the names."""
    results = out_dir.resolve()
    for folder, subfolders, files in os.walk(root):
        place = Path(folder)
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and (place / name).resolve() != results
        )
        yield from (place / name for name in sorted(files) if not name.startswith("."))


def _is_dicom(path: Path) -> bool:
    try:
        return path.is_file() and is_dicom(path)
    except InputError:  # it cannot be opened: the index tells so
        return path.suffix.lower() == ".dcm"


def _ending(path: Path) -> str:
    return split_ending(path)[1].lower()


def _name(root: Path, image: Path) -> str:
    """``site/scan/ct.nii.gz`` is the case ``site_scan_ct``."""
    return safe_name("_".join([*image.relative_to(root).parent.parts, split_ending(image)[0]]))
