"""CQ500 (Chilamkurthy et al., Lancet 2018): 491 scans, DICOM, read by three radiologists, no masks.

As published: a folder a scan, ``CQ500CT42 CQ500CT42/Unknown Study/SERIES/CT000000.dcm``, and ``reads.csv``
with the columns ``name`` (``CQ500-CT-42``), ``R1:ICH``, ``R1:IPH``, ... ``R3:SAH``. A scan has up to a dozen
series: plain, thin, with contrast, for bone. One plain series stands for the scan, the one with the most
slices.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from ICHSegmentationLib.errors import InputError

from .case import Case, SliceLabel
from .tables import label_id, read_rows

_READERS = ("R1", "R2", "R3")
_SUBTYPES = ("IPH", "IVH", "SDH", "EDH", "SAH")
_SCAN = re.compile(r"CQ500-?CT-?(\d+)", re.IGNORECASE)

# Names of series that show contrast agent or bone, or no whole head.
_UNWANTED = re.compile(
    r"post|contrast|cect|\bcc\b|\d+cc|angio|oral|bone|hrct|pns|orbit|\bde\b", re.IGNORECASE
)
_BEFORE_CONTRAST = re.compile(r"(pre|non|without)[ _-]*contrast", re.IGNORECASE)


class Cq500:
    name = "cq500"

    def matches(self, folder: Path) -> bool:
        return (folder / "reads.csv").is_file()

    def cases(self, folder: Path) -> list[Case]:
        rows = read_rows(folder / "reads.csv", ["name", *(f"{r}:ICH" for r in _READERS)])
        reads = {_number(row["name"]): row for row in rows}
        scans: dict[int, list[Path]] = {}
        for path in sorted(folder.iterdir()):
            if path.is_dir() and _SCAN.match(path.name):
                scans.setdefault(_number(path.name), []).append(path)
        if not scans:
            raise InputError(f"Expected folders such as 'CQ500CT0 CQ500CT0' in {folder}, found none.")
        return [_case(number, folders, reads.get(number)) for number, folders in sorted(scans.items())]


def _number(name: str) -> int:
    found = _SCAN.match(name)
    return int(found[1]) if found else -1


def _case(number: int, folders: Sequence[Path], row: dict[str, str] | None) -> Case:
    name = f"CQ500-CT-{number}"
    series = _series(folders)
    if not series:
        seen = ", ".join(sorted({path.name for path in _with_slices(folders)})) or "none at all"
        return Case(name, name, Path(), fault=f"It has no plain series (found {seen}).")
    chosen = max(series, key=lambda path: series[path])
    notes = [f"Of {len(series)} plain series '{chosen.name}' was taken, which has the most slices."]
    if row is None:
        notes.append("reads.csv does not name this scan.")
    return Case(
        name=name,
        patient=name,
        image=chosen,
        scan_labels=None if row is None else _majority(row),
        disputed=row is not None and 0 < _votes(row, "ICH") < 2,
        notes=tuple(notes),
    )


def _with_slices(folders: Sequence[Path]) -> dict[Path, int]:
    """Every folder that holds DICOM files, and how many."""
    found: dict[Path, int] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.dcm")):
            found[file.parent] = found.get(file.parent, 0) + 1
    return found


def _series(folders: Sequence[Path]) -> dict[Path, int]:
    return {path: count for path, count in _with_slices(folders).items() if _is_plain(path.name)}


def _is_plain(series: str) -> bool:
    return not _UNWANTED.search(_BEFORE_CONTRAST.sub("", series))


def _votes(row: dict[str, str], finding: str) -> int:
    return sum(row.get(f"{reader}:{finding}") == "1" for reader in _READERS)


def _majority(row: dict[str, str]) -> SliceLabel:
    """What at least two of the three readers saw."""
    there = {label_id(finding) for finding in _SUBTYPES if _votes(row, finding) >= 2}
    return SliceLabel.of(there, any=_votes(row, "ICH") >= 2)
