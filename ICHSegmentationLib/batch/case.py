"""What a batch works on: cases, and what was left out with the reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_NAME, LARGEST_NAME = 100, 200
"""Characters of a case's name, and its bytes in UTF-8: file systems take 255, some of them for a prefix."""

_UNSAFE = re.compile(r"[^\w .+=@,()-]")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_DOUBLE_ENDINGS = (".nii.gz", ".seg.nrrd")
_NAMES_OF_THE_BATCH = {"summary.csv", "summary.json", "index.html"}


@dataclass(frozen=True)
class Case:
    """One scan to segment, or to measure where somebody's mask of it is given.

    Attributes:
        name: of its row in the summary and of its result folder.
        files: the one image file, or the DICOM files of its series.
        is_series: whether ``files`` are DICOM, to be read as a folder.
        mask: label values on the scan's grid; None segments the scan.
        columns: what else the summary tells of it, by column.
    """

    name: str
    files: tuple[Path, ...]
    is_series: bool = False
    mask: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Every file that its result depends on."""
        return (*self.files, self.mask) if self.mask else self.files


@dataclass(frozen=True)
class LeftOut:
    """Images that are no case, and why."""

    name: str
    reason: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What an input holds.

    Attributes:
        cases: no two of one name, upper and lower case not told apart.
        left_out: series that are no head CT, damaged DICOM files, and folders that cannot be read.
        other_files: how many files are neither an image nor DICOM, by the ending of their names.
    """

    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...] = ()
    other_files: Mapping[str, int] = field(default_factory=dict)


def split_ending(file: Path) -> tuple[str, str]:
    """The name of a file without its image ending, and that ending."""
    double = next((ending for ending in _DOUBLE_ENDINGS if file.name.lower().endswith(ending)), "")
    length = len(double) or len(file.suffix)
    return file.name[: len(file.name) - length], file.name[len(file.name) - length :]


def safe_name(text: str, end: str = "") -> str:
    """``text`` as the name of a case: a plain folder name on every system, and none of the batch's own.

    Args:
        end: what stands behind it, even where the text has to be cut.
    """
    name = (_cut(_plain(text), len(end)).rstrip(" .") or "case") + end
    if _WINDOWS_DEVICE.fullmatch(name) or name.casefold() in _NAMES_OF_THE_BATCH:
        return f"{name}_"
    return name


def is_cut(text: str) -> bool:
    """Whether :func:`safe_name` takes only the beginning of ``text``."""
    return _cut(_plain(text)) != _plain(text)


def _plain(text: str) -> str:
    return _UNSAFE.sub("_", text).strip(" .")


def _cut(name: str, spared: int = 0) -> str:
    return name[: LONGEST_NAME - spared].encode()[: LARGEST_NAME - spared].decode(errors="ignore")
