"""One picture of a case: up to six slices side by side, outlined, on a dark ground."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from .annotate import Word, diameters, directions, measured_on, outlines, scale_bar, slice_number
from .drawing import draw
from .numbers import EMPTY, RESEARCH_USE, by_subtype, ml
from .plane import Frame
from .stack import SliceStack, key_slices, spread

WIDTH = 1200
GROUND = (13, 16, 21)
INK, FAINT = (232, 236, 241), (140, 150, 162)

_MOST, _ROW, _FEWEST = 6, 3, 3
_MARGIN, _GAP, _HEADER, _FOOTER = 20, 8, 64, 40


def preview(stack: SliceStack, frame: Frame, measurements: Mapping[str, Any]) -> Image.Image:
    """The picture, 1200 pixels wide, RGB."""
    shown = preview_slices(stack, measurements)
    columns = min(_ROW, len(shown))
    room = (WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    tile = _fitted(frame, min(room, WIDTH // 2))
    rows = -(-len(shown) // columns)
    height = _HEADER + rows * (tile.size[1] + _GAP) + _FOOTER
    canvas = Image.new("RGB", (WIDTH, height), GROUND)
    left = (WIDTH - columns * tile.size[0] - (columns - 1) * _GAP) // 2
    for place, index in enumerate(shown):
        row, column = divmod(place, columns)
        at = (left + column * (tile.size[0] + _GAP), _HEADER + row * (tile.size[1] + _GAP))
        canvas.paste(outlined_slice(stack, index, tile, measurements["lesions"]), at)
    _write_header(canvas, measurements)
    pen = ImageDraw.Draw(canvas)
    pen.text((_MARGIN, height - _FOOTER / 2), RESEARCH_USE, FAINT, ImageFont.load_default(16), "lm")
    return canvas


def preview_slices(stack: SliceStack, measurements: Mapping[str, Any]) -> list[int]:
    """Key slices first, then other slices that bleed, then their neighbours, up to six, from below."""
    if not stack.bleeding:
        return spread([], stack.with_brain, _MOST)
    keys = key_slices(stack, measurements["lesions"], _MOST)
    shown = spread(keys, stack.bleeding, _MOST)
    around = sorted(range(len(stack)), key=lambda index: min(abs(index - s) for s in shown))
    return sorted(around[:_FEWEST]) if len(shown) < _FEWEST else shown


def _fitted(frame: Frame, width: int) -> Frame:
    return frame.scaled(max(width, round(width * frame.size[1] / frame.size[0])))


def outlined_slice(
    stack: SliceStack,
    index: int,
    frame: Frame,
    lesions: Sequence[Mapping[str, Any]],
    more: Sequence[Word] = (),
) -> Image.Image:
    """One slice with outlines, the lines A and B measured on it, directions, its number and a scale."""
    strokes, words = diameters(measured_on(stack, index, lesions), frame)
    bar, length = scale_bar(frame)
    words += [*directions(frame), slice_number(stack, index), length, *more]
    return draw(
        frame.picture(stack.grey(index)), [*outlines(stack.labels[index], frame), *strokes, bar], words, 15
    )


def _write_header(canvas: Image.Image, measurements: Mapping[str, Any]) -> None:
    """The total at the left, each subtype in its colour at the right."""
    pen, middle = ImageDraw.Draw(canvas), _HEADER / 2
    if not measurements["lesions"]:
        pen.text((_MARGIN, middle), EMPTY, INK, ImageFont.load_default(28), "lm")
        return
    total = f"{ml(measurements['total_volume_ml'])} mL"
    pen.text((_MARGIN, middle), total, INK, ImageFont.load_default(34), "lm")
    font, x = ImageFont.load_default(20), WIDTH - _MARGIN
    for label, volume in reversed(by_subtype(measurements)):
        text = f"{label.abbreviation} {ml(volume)} mL"
        pen.text((x, middle), text, INK, font, "rm")
        x -= round(pen.textlength(text, font)) + 12
        pen.ellipse((x - 10, middle - 6, x + 2, middle + 6), label.colour)
        x -= 34
