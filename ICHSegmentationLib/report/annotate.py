"""What is drawn over a slice: outlines, the lines A and B, letters, a scale; not yet pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from ..labels import label_of
from .plane import Frame
from .stack import LEVEL, WIDTH, Lesion, SliceStack, box_of

Colour: TypeAlias = tuple[int, int, int]
Anchor: TypeAlias = Literal["start", "middle", "end"]

WHITE: Colour = (235, 238, 242)
A_COLOUR: Colour = (255, 214, 64)
B_COLOUR: Colour = (92, 225, 240)
SCALE_MM = 50

_LETTERS = (("R", 0.0, 0.5), ("L", 1.0, 0.5), ("A", 0.5, 0.0), ("P", 0.5, 1.0))
INSET = 13  # pixels between a word's centre and the picture's edge


@dataclass(frozen=True)
class Stroke:
    """A line through ``points`` ``[N, 2]`` (picture coordinates) and what it shows."""

    kind: Literal["outline", "a", "b", "scale"]
    points: NDArray[np.float64]
    colour: Colour
    width: float

    @property
    def svg_path(self) -> str:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points)


@dataclass(frozen=True)
class Word:
    """A short text whose middle line lies at ``y``; ``x`` is its start, middle or end."""

    text: str
    x: float
    y: float
    colour: Colour = WHITE
    anchor: Anchor = "middle"


def outlines(labels: NDArray[Any], frame: Frame, width: float = 1.6) -> list[Stroke]:
    """Closed lines along the edges of each label of a slice ``[H, W]``, half-way between voxel centres."""
    if not labels.any():
        return []
    top, left, bottom, right = box_of(labels)
    part = np.pad(labels[top:bottom, left:right], 1)
    strokes = []
    for value in np.unique(part[part != 0]):
        for contour in find_contours((part == value).astype(np.float32), 0.5):
            columns_rows = _without_midpoints(contour)[:, ::-1] + (left - 1, top - 1)
            points = frame.pixels(frame.plane.of_indices(columns_rows))
            strokes.append(Stroke("outline", points, label_of(value).colour, width))
    return strokes


def diameters(lesions: Sequence[Lesion], frame: Frame, width: float = 1.6) -> tuple[list[Stroke], list[Word]]:
    """The lines A and B of these lesions with their lengths; lesions without them give nothing."""
    strokes, words = [], []
    for lesion in lesions:
        name = f"#{lesion['id']} " if len(lesions) > 1 else ""
        lines = (("a", "A", A_COLOUR), ("b", "B", B_COLOUR))
        for kind, letter, colour in lines:
            ends = lesion["tada"].get(f"{kind}_ends_mm")
            length = lesion["tada"].get(f"{kind}_mm")
            if ends is None or length is None:
                continue
            points = frame.pixels(frame.plane.of_patient(ends))
            strokes.append(Stroke(kind, points, colour, width))  # type: ignore[arg-type]
            words.append(_beside(points, f"{name}{letter} {length:.1f} mm", colour, frame))
    return strokes, words


def measured_on(stack: SliceStack, index: int, lesions: Sequence[Lesion]) -> list[Lesion]:
    """The lesions whose A and B lie on this slice."""
    stored = stack.index_of(index)
    return [lesion for lesion in lesions if (lesion.get("tada") or {}).get("slice_index") == stored]


def directions(frame: Frame) -> list[Word]:
    """R, L, A and P at the edges of the picture."""
    width, height = frame.size
    return [
        Word(text, INSET + across * (width - 2 * INSET), INSET + down * (height - 2 * INSET))
        for text, across, down in _LETTERS
    ]


def right_side(frame: Frame) -> Word:
    """The one letter that a small picture needs."""
    return Word("R", INSET, frame.size[1] / 2)


def slice_number(stack: SliceStack, index: int) -> Word:
    return Word(f"{stack.number(index)} / {len(stack)}", 9, INSET, anchor="start")


def window_words(frame: Frame) -> Word:
    return Word(f"L {LEVEL}  W {WIDTH}", 9, frame.size[1] - INSET, anchor="start")


def scale_bar(frame: Frame) -> tuple[Stroke, Word]:
    """A bar of 50 mm at the lower right, and its length."""
    length = SCALE_MM / frame.mm_per_pixel
    right, y = frame.size[0] - 11.0, frame.size[1] - 10.0
    ticks = [(right - length, y - 5), (right - length, y), (right, y), (right, y - 5)]
    return (
        Stroke("scale", np.array(ticks), WHITE, 1.6),
        Word(f"{SCALE_MM} mm", right - length / 2, y - 12),
    )


def _without_midpoints(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same line without points on the straight way between their neighbours."""
    before, after = np.diff(line[:-1], axis=0), np.diff(line[1:], axis=0)
    bends = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-9
    return line[np.concatenate([[True], bends, [True]])]


def _beside(points: NDArray[np.float64], text: str, colour: Colour, frame: Frame) -> Word:
    """The text beyond that end of the line which leaves it most room in the picture."""
    middle = points.mean(axis=0)
    end = min(points, key=lambda p: float(np.abs(p / frame.size - 0.5).max()))
    out = (end - middle) / max(1e-9, float(np.linalg.norm(end - middle)))
    x, y = end + out * 10
    anchor: Anchor = "middle" if abs(out[0]) < 0.35 else ("start" if out[0] > 0 else "end")
    return Word(text, float(x), float(np.clip(y, 9, frame.size[1] - 9)), colour, anchor)
