"""The two files of a report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..io.atomic import atomic_path
from ..printable import printable
from ..volume import CTVolume, Volume
from .page import page
from .preview import preview
from .stack import SliceStack

KEY_SIDE = 560
"""Longer side of a key slice in pixels: about the scanner's own resolution of a head."""


def write_report(
    folder: Path, ct: CTVolume, mask: Volume, measurements: Mapping[str, Any]
) -> dict[str, Path]:
    """Write ``report.html``, one page that needs nothing beside it, and ``preview.png``.

    Args:
        folder: an existing folder.
        ct: HU ``[D, H, W]``.
        mask: label values ``[D, H, W]`` on the CT's grid.
        measurements: the content of ``measurements.json``. Needed are ``total_volume_ml`` and ``lesions``;
            whatever else is there is shown too. ``case`` titles the page, else the folder's name.

    Returns:
        The paths, under ``report`` and ``preview``.

    Raises:
        GridMismatchError: the mask lies on another grid than the CT.
        OutputError: the folder cannot be written to, or the disk is full.
    """
    stack = SliceStack.of(ct, mask)
    frame = stack.frame(KEY_SIDE)
    case = str(measurements.get("case") or folder.name)
    warnings = list(dict.fromkeys([*measurements.get("warnings", ()), *ct.warnings]))

    paths = {"report": folder / "report.html", "preview": folder / "preview.png"}
    with atomic_path(paths["report"]) as path:
        path.write_text(printable(page(stack, frame, measurements, case, warnings)), encoding="utf-8")
    with atomic_path(paths["preview"]) as path:
        # Level 3 is three times as fast as the default 6 and hardly larger.
        preview(stack, frame, measurements).save(path, compress_level=3)
    return paths
