"""What a case is called: after its file or folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..printable import printable

_ENDINGS = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm")


def case_name(path: Path) -> str:
    """The name of a folder, or of a file without its image ending: ``ct.nii.gz`` is the case ``ct``."""
    name = own_name(path)
    if path.is_dir():
        return name or "case"
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)] or "case"


def own_name(path: Path) -> str:
    """The name that a file or folder goes by, even where it is a link to one of another name.

    In a git-annex or DataLad dataset every file is a link to one that is named after its content. Names that
    are not UTF-8 are told as such, so that a result can be.
    """
    name = path.absolute().name
    return printable(path.resolve().name if name in ("", "..") else name)


def case_names(paths: Iterable[Path]) -> list[str]:
    """A name for each path, no two alike, see :func:`unique_names`."""
    return unique_names([case_name(path) for path in paths])


def unique_names(names: Sequence[str]) -> list[str]:
    """The same names, a number behind those that came before: ``ct``, ``ct-2``.

    Names that differ only in upper and lower case count as alike, as they do on Windows and macOS.
    """
    natural = {name.casefold() for name in names}
    given: set[str] = set()
    unique = []
    for name in names:
        new, number = name, 1
        while new.casefold() in given or (number > 1 and new.casefold() in natural):
            number += 1
            new = f"{name}-{number}"
        given.add(new.casefold())
        unique.append(new)
    return unique
