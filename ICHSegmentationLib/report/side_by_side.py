"""Two scans of one head in one picture: the same slices above each other, outlined."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..volume import CTVolume, Volume
from .annotate import Word, directions, outlines, scale_bar
from .drawing import draw
from .laid_over import LaidOver
from .numbers import RESEARCH_USE
from .plane import Frame
from .preview import FAINT, GROUND, INK
from .stack import SliceStack, grey_of, spread

COLUMNS = 5
_MARGIN, _GAP, _HEADER, _FOOTER, _SIDE = 20, 8, 88, 36, 230


@dataclass(frozen=True)
class Dated:
    """A scan with its mask."""

    ct: CTVolume
    mask: Volume


def side_by_side(
    first: Dated, second: Dated, to_first: NDArray[np.float64], lines: Sequence[str]
) -> Image.Image:
    """The first scan's slices above the same slices of the second.

    Args:
        to_first: ``[4, 4]``, takes places (RAS, mm) on the second scan to those on the first.
        lines: two sentences for the top.
    """
    stack = SliceStack.of(first.ct, first.mask)
    laid = _laid_over(second, stack, to_first)
    shown = _shown(stack, laid)
    frame = stack.frame(_SIDE)
    texts = [(line, ImageFont.load_default(size)) for line, size in zip(lines, (22, 17), strict=False)]
    longest = max(math.ceil(font.getlength(line)) for line, font in texts)
    width = 2 * _MARGIN + max(longest, len(shown) * (frame.size[0] + _GAP) - _GAP)
    canvas = Image.new("RGB", (width, _HEADER + 2 * (frame.size[1] + _GAP) + _FOOTER), GROUND)
    for place, index in enumerate(shown):
        left = _MARGIN + place * (frame.size[0] + _GAP)
        above = _slice(stack.grey(index), stack.labels[index], frame, "first")
        below = _slice(grey_of(laid.hu(index)), laid.labels(index), frame, "second")
        canvas.paste(above, (left, _HEADER))
        canvas.paste(below, (left, _HEADER + frame.size[1] + _GAP))
    pen = ImageDraw.Draw(canvas)
    for row, (line, font) in enumerate(texts):
        pen.text((_MARGIN, 28 + 32 * row), line, INK, font, "lm")
    pen.text((_MARGIN, canvas.height - _FOOTER / 2), RESEARCH_USE, FAINT, ImageFont.load_default(14), "lm")
    return canvas


def _laid_over(second: Dated, stack: SliceStack, to_first: NDArray[np.float64]) -> LaidOver:
    laid = SliceStack.of(second.ct, second.mask)
    to_second = np.linalg.inv(laid.reorientation.grid.affine) @ np.linalg.inv(to_first)
    return LaidOver(laid, to_second @ stack.reorientation.grid.affine, stack.reorientation.grid.shape)


def _shown(stack: SliceStack, laid: LaidOver) -> list[int]:
    """The slice of the largest change, the fullest one, and others with hemorrhage on either scan, evenly
    spread; without any, slices of the brain."""
    before = np.count_nonzero(stack.labels, axis=(1, 2)) * stack.voxel_ml
    either = before + laid.volumes_ml
    bleeding = np.flatnonzero(either).tolist()
    if not bleeding:
        return spread([], stack.with_brain, COLUMNS)
    main = [max(bleeding, key=measure.__getitem__) for measure in (np.abs(laid.volumes_ml - before), either)]
    return spread(list(dict.fromkeys(main)), bleeding, COLUMNS)


def _slice(grey: NDArray[np.uint8], labels: NDArray[Any], frame: Frame, which: str) -> Image.Image:
    bar, length = scale_bar(frame)
    words = [*directions(frame), Word(which, 9, 13, anchor="start"), length]
    return draw(frame.picture(grey), [*outlines(labels, frame), bar], words, 13)
