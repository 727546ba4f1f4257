"""A case's files under names that tell nothing of the patient, in one folder.

The reader then sees a series alone even where its files lie among others, and neither errors nor results can
repeat a name that the archive's files or folders bear.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..io.atomic import output_errors
from ..io.link_or_copy import link_or_copy
from .case import Case, split_ending

_WITH_SEPARATE_VOXELS = (".mhd", ".nhdr")


@dataclass(frozen=True)
class Staged:
    """Where a case's scan, and its mask if it has one, can be read."""

    scan: Path
    mask: Path | None


@contextmanager
def staged(case: Case, folder: Path) -> Iterator[Staged]:
    """The files of ``case`` in ``folder`` while the block lasts: linked, or copied where that is impossible.

    Raises:
        InputError: a file is missing or may not be read.
        OutputError: or one of its kinds: a copy cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with output_errors(folder):
            folder.mkdir(parents=True)
        if case.is_series:
            scan = folder / case.name
            with output_errors(scan):
                scan.mkdir()
            for number, file in enumerate(case.files, start=1):
                _place(file, scan / f"{number:06d}.dcm", case.name)
        else:
            scan = _staged_file(case.files[0], folder / case.name, case.name)
        mask = _staged_file(case.mask, folder / "mask", case.name) if case.mask else None
        yield Staged(scan, mask)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _staged_file(file: Path, without_ending: Path, case: str) -> Path:
    """The file under its new name; a header that names the file of its voxels stays where it is."""
    if file.suffix.lower() in _WITH_SEPARATE_VOXELS:
        _readable(file, case)
        return file
    place = without_ending.with_name(without_ending.name + split_ending(file)[1])
    _place(file, place, case)
    return place


def _place(file: Path, place: Path, case: str) -> None:
    source = _readable(file, case)
    with output_errors(place):
        link_or_copy(source, place)


def _readable(file: Path, case: str) -> Path:
    """The file itself where ``file`` is a link."""
    found = "none"
    try:
        source = file.resolve(strict=True)
        if source.is_file():  # a pipe would let us wait for ever
            source.open("rb").close()
            return source
    except RuntimeError:  # until Python 3.12
        found = "a circle of links"
    except OSError as error:
        found = f"none ({error.strerror})"
    except ValueError:
        found = "none (a zero in its path)"
    raise InputError(
        f"Expected a file that can be read for the case {case}, found {found}.",
        "Check its path, and that reading it is allowed.",
    )
