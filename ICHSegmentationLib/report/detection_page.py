"""The page of a detection: the finding, and the likeliest slices. Needs nothing beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..io.atomic import atomic_path
from ..labels import HEMORRHAGE
from ..printable import printable
from ..volume import CTVolume, Volume
from .detection_section import DetectionSection, likeliest_of_runs
from .numbers import RESEARCH_USE, plain_rows
from .page import SMALL_SIDE, environment, small_picture, style
from .stack import LEVEL, WIDTH, SliceStack

MOST_SLICES = 12

_PROVENANCE = {"input": "Input", "settings": "Settings", "versions": "Versions"}


def write_detection_page(path: Path, ct: CTVolume, content: Mapping[str, Any]) -> None:
    """Write the page.

    Args:
        ct: HU ``[D, H, W]``.
        content: of ``detection.json``.

    Raises:
        OutputError: the file cannot be written, or the disk is full.
    """
    nothing = Volume(np.zeros(ct.voxels.shape, np.uint8), ct.affine)
    stack = SliceStack.of(ct, nothing)
    frame = stack.frame(SMALL_SIDE)
    probabilities = content["slices"][HEMORRHAGE.id]
    marked = set(content["marked_slices"][HEMORRHAGE.id])
    pictures = [
        small_picture(stack, stack.index_of(n), frame, probabilities[n] if n in marked else None)
        for n in _shown(content["ranked_slices"], likeliest_of_runs(marked, probabilities))
    ]
    text = (
        environment()
        .get_template("detection_page.html")
        .render(
            case=content["case"],
            css=style(),
            research_use=RESEARCH_USE,
            detection=DetectionSection.of(content),
            pictures=pictures,
            warnings=content["warnings"],
            window=(LEVEL, WIDTH),
            provenance=[(title, plain_rows(content[key])) for key, title in _PROVENANCE.items()],
        )
    )
    with atomic_path(path) as temporary:
        temporary.write_text(printable(text), encoding="utf-8")


def _shown(ranked: Sequence[int], at_least: Sequence[int]) -> list[int]:
    """The likeliest slices, and these in any case: thin ones beside the likeliest are as likely as it."""
    first = sorted(ranked, key=lambda index: index not in at_least)
    return sorted(first[:MOST_SLICES], key=ranked.index)
