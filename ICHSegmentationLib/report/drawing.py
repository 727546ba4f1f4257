"""Lines and words drawn into a picture, with soft edges."""

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .annotate import Colour, Stroke, Word

FINE = 3
"""Lines are drawn this many times larger and averaged: Pillow draws hard edges only."""

HALO = 110
"""How dark (0..255) the rim is that sets A, B and the scale off from bright blood."""

_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def draw(
    picture: Image.Image, strokes: Iterable[Stroke], words: Iterable[Word], text_size: int
) -> Image.Image:
    """A grey picture in colour with strokes and words over it."""
    drawn = picture.convert("RGB")
    for stroke in strokes:
        if stroke.kind != "outline":
            _lay(drawn, stroke, (0, 0, 0), stroke.width + 2, HALO)
        _lay(drawn, stroke, stroke.colour, stroke.width, 255)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(text_size)
    for word in words:
        pen.text(
            (word.x, word.y), word.text, fill=word.colour, font=font, anchor=_ANCHORS[word.anchor],
            stroke_width=2, stroke_fill=(0, 0, 0),
        )  # fmt: skip
    return drawn


def _lay(picture: Image.Image, stroke: Stroke, colour: Colour, width: float, opacity: int) -> None:
    """Lay one stroke over the picture, working only where it runs."""
    low = np.floor(stroke.points.min(axis=0) - width - 1).astype(int)
    size = np.ceil(stroke.points.max(axis=0) + width + 1).astype(int) - low
    layer = Image.new("L", (int(size[0]) * FINE, int(size[1]) * FINE))
    line = [(float(x), float(y)) for x, y in (stroke.points - low) * FINE]
    ImageDraw.Draw(layer).line(line, fill=opacity, width=round(width * FINE), joint="curve")
    picture.paste(colour, (int(low[0]), int(low[1])), layer.reduce(FINE))
