"""The folder of one case: where it lies, and what in it is this program's own."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from fnmatch import fnmatch
from pathlib import Path

from ..errors import InputError, OtherScansResultError
from ..io.atomic import Earlier, atomic_folder
from .provenance import sha256_of

OWN = (
    "segmentation.*",
    "measurements.json",
    "report.html",
    "report.dcm",
    "preview.png",
    "pictures",
    "uncertainty.nii.gz",
    "detection.json",
    "detection.html",
    "heatmap_*.nii.gz",
)
"""Names in a result. With an earlier one these go, lest what was found on another scan stands beside the new;
all else is a user's and stays."""


def is_own(name: str) -> bool:
    """Whether a file or folder of this name, in the folder of a result, is part of it."""
    return any(fnmatch(name, pattern) for pattern in OWN)


def result_folder(
    out_dir: Path | str, case: str, inputs: Sequence[Path], overwrite: bool
) -> AbstractContextManager[Path]:
    """A folder to write the result of ``case`` into; it becomes ``out_dir / case`` when the block ends well.

    Args:
        inputs: what the result is made of, the scan first; it is kept even where it lies in the earlier
            result.

    Raises:
        InputError: the folder is that of the scan itself, or holds it.
        OtherScansResultError: it holds the result of another scan, and may not be overwritten.
        OutputError: or one of its kinds, see :func:`~ICHSegmentationLib.io.atomic.atomic_folder`.
    """
    final = Path(out_dir) / case
    for path in inputs:
        if path.is_dir() and path.resolve().is_relative_to(final.resolve()):
            raise InputError(
                f"Expected a place for the result apart from the scan, found {final}, where the scan lies.",
                "Choose another output folder.",
            )
    if not overwrite:
        _refuse_other_scans_result(final, inputs[0])
    return atomic_folder(final, overwrite, Earlier(OWN, inputs))


def _refuse_other_scans_result(final: Path, scan: Path) -> None:
    """Names of scans are not theirs alone: every series may lie in a folder ``CT``."""
    try:
        earlier = json.loads((final / "measurements.json").read_text("utf-8"))["input"]["sha256"]
        same = earlier == sha256_of(scan)
    except (OSError, ValueError, LookupError, TypeError):
        return  # no result, or nothing to compare
    if not same:
        raise OtherScansResultError(
            f"Expected no result of another scan in {final}, found one.",
            "Choose another output folder, or ask for it to be overwritten.",
        )
