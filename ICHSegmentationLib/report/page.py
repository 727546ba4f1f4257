"""The page: measurements put into words, pictures put into data URIs, both put into the template."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from ..labels import HEMORRHAGE, Label, label_named
from ..wording import in_percent
from .annotate import (
    Stroke,
    Word,
    diameters,
    directions,
    measured_on,
    outlines,
    right_side,
    scale_bar,
    slice_number,
    window_words,
)
from .detection_section import DetectionSection, likeliest_of_runs
from .numbers import (
    EMPTY,
    RESEARCH_USE,
    THRESHOLD_ML,
    by_subtype,
    cm2,
    ml,
    ml_more,
    mm,
    place,
    plain_rows,
    signed,
    slice_range,
)
from .plane import Frame
from .stack import LEVEL, WIDTH, SliceStack, key_slices, spread

MOST_KEY_SLICES = 4
MOST_SMALL_SLICES = 24
PLAIN_SLICES = 12
SMALL_SIDE = 240
"""Longer side of a small picture in pixels."""

_FOLDER = Path(__file__).parent
_SHOWN_ELSEWHERE = {
    "case", "research_use_only", "total_volume_ml", "subtypes", "lesions", "tada_total_ml",
    "tada_total_reason", "warnings", "detection",
}  # fmt: skip
_PROVENANCE = {
    "model": "Model",
    "input": "Input",
    "settings": "Settings",
    "versions": "Versions",
    "timings_s": "Timings, s",
}


@dataclass(frozen=True)
class Picture:
    """One slice for the page: the plain picture, what lies over it as SVG, whether a detector marks it."""

    uri: str
    alt: str
    caption: str
    width: int
    height: int
    strokes: list[Stroke]
    words: list[Word]
    labels: list[Label]
    marked: bool = False


def page(
    stack: SliceStack, frame: Frame, measurements: Mapping[str, Any], case: str, warnings: list[str]
) -> str:
    """The whole page as HTML that needs nothing beside it."""
    lesions = measurements["lesions"]
    reasons = (measurements.get("uncertainty") or {}).get("reasons", ())
    keys = key_slices(stack, lesions, MOST_KEY_SLICES)
    detection = measurements.get("detection")
    likely = _likely(stack, detection) if detection else {}
    if lesions or likely:
        chosen = [*keys, *_not_outlined(stack, likely)][:MOST_SMALL_SLICES]
        small = spread(chosen, sorted({*stack.bleeding, *likely}), MOST_SMALL_SLICES)
    else:
        small = spread([], stack.with_brain, PLAIN_SLICES)
    small_frame = frame.scaled(SMALL_SIDE)
    return (
        environment()
        .get_template("page.html")
        .render(
            case=case,
            css=style(),
            research_use=RESEARCH_USE,
            empty=EMPTY,
            total=measurements["total_volume_ml"],
            tada_total=measurements.get("tada_total_ml"),
            tada_total_reason=measurements.get("tada_total_reason") or "",
            subtypes=by_subtype(measurements),
            threshold=THRESHOLD_ML,
            scale=max(2 * THRESHOLD_ML, 1.15 * measurements["total_volume_ml"]),
            lesions=[_lesion(lesion) for lesion in lesions],
            warnings=[warning for warning in warnings if warning not in reasons],
            second_look=reasons,
            keys=[_key_picture(stack, index, frame, lesions) for index in keys],
            small=[small_picture(stack, index, small_frame, likely.get(index)) for index in small],
            detection=_detection(stack, detection) if detection else None,
            bleeding=len(stack.bleeding),
            likely=bool(likely),
            window=(LEVEL, WIDTH),
            provenance=_provenance(measurements),
        )
    )


@cache
def environment() -> Environment:
    """Where the templates of this folder are found, with the filters that they use; it keeps those that it
    compiled."""
    found = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
    found.filters |= {
        "ml": ml,
        "mm": mm,
        "ml_more": ml_more,
        "place": place,
        "rgb": _rgb,
        "difference": _difference,
        "short": _short,
        "in_percent": in_percent,
    }
    return found


def style() -> Markup:
    return Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))


def _likely(stack: SliceStack, detection: Mapping[str, Any]) -> dict[int, float]:
    """Slices that a detector marks, and their probability of any hemorrhage."""
    probabilities = detection["slices"][HEMORRHAGE.id]
    return {stack.index_of(n): probabilities[n] for n in detection["marked_slices"][HEMORRHAGE.id]}


def _not_outlined(stack: SliceStack, likely: Mapping[int, float]) -> list[int]:
    """The likeliest slice of each run of marked slices on which nothing is outlined."""
    return likeliest_of_runs(set(likely).difference(stack.bleeding), likely)


def _detection(stack: SliceStack, detection: Mapping[str, Any]) -> DetectionSection:
    return DetectionSection.of(detection, frozenset(stack.index_of(index) for index in stack.bleeding))


def _lesion(lesion: Mapping[str, Any]) -> dict[str, Any]:
    """A lesion with every key that the table shows; slices as people count them."""
    tada = {"applicable": False, "reason": "", **(lesion.get("tada") or {})}
    numbers = [int(index) + 1 for index in lesion.get("slices") or ()]
    at = tada.get("slice_index")
    return {
        "id": lesion["id"],
        "label": label_named(lesion["label"]),
        "volume": lesion["volume_ml"],
        "centroid": lesion.get("centroid_mm"),
        "slices": slice_range(numbers) if numbers else "–",
        "at": int(at) + 1 if at is not None else None,
        "tada": tada,
        "confidence": lesion.get("subtype_confidence"),
        "told_by": lesion.get("subtype_told_by"),
        "touches": lesion.get("touches") or (),
    }


def _key_picture(
    stack: SliceStack, index: int, frame: Frame, lesions: Sequence[Mapping[str, Any]]
) -> Picture:
    measured = measured_on(stack, index, lesions)
    lines, lengths = diameters(measured, frame)
    bar, bar_length = scale_bar(frame)
    words = [*directions(frame), slice_number(stack, index), window_words(frame), bar_length, *lengths]
    strokes = [*outlines(stack.labels[index], frame), *lines, bar]
    sizes = [f"lesion {lesion['id']}: A {lesion['tada']['a_mm']:.1f} mm, B {lesion['tada']['b_mm']:.1f} mm"
             for lesion in measured if lesion["tada"].get("b_mm") is not None]  # fmt: skip
    caption = f"Slice {stack.number(index)}, {cm2(stack.area_cm2(index))} cm² of hemorrhage"
    alt = f"Axial CT slice {stack.number(index)} of {len(stack)}, brain window, hemorrhage outlined"
    return _picture(stack, index, frame, strokes, words, alt, "; ".join([caption, *sizes]), quality=88)


def small_picture(stack: SliceStack, index: int, frame: Frame, likely: float | None = None) -> Picture:
    """A small picture of a slice; ``likely`` is the probability that a detector gave it if it marks it."""
    number, area = stack.number(index), stack.area_cm2(index)
    parts = [str(number), *([f"{cm2(area)} cm²"] if area else [])]
    if likely is not None:
        parts.append(f"detector {in_percent(likely)}")
    caption = " · ".join(part.replace(" ", "\u00a0") for part in parts)  # no line ends within a number
    picture = _picture(
        stack, index, frame, outlines(stack.labels[index], frame, 1.3), [right_side(frame)],
        f"Slice {number}", caption, quality=80,
    )  # fmt: skip
    return replace(picture, marked=likely is not None)


def _picture(
    stack: SliceStack, index: int, frame: Frame, strokes: list[Stroke], words: list[Word],
    alt: str, caption: str, quality: int,
) -> Picture:  # fmt: skip
    uri = _data_uri(frame.picture(stack.grey(index)), quality)
    return Picture(uri, alt, caption, *frame.size, strokes, words, stack.labels_on(index))


def _data_uri(image: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _provenance(measurements: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """A table each for model, input, settings, versions and timings, and one for whatever else there is."""
    tables = []
    for key, title in _PROVENANCE.items():
        content = measurements.get(key)
        if key == "model" and not content:
            content = {"": "None: the mask was given."}
        if content:
            tables.append((title, plain_rows(_without_folders(content))))
    rest = {k: v for k, v in measurements.items() if k not in _SHOWN_ELSEWHERE | _PROVENANCE.keys()}
    return [*tables, ("Other", plain_rows(rest))] if rest else tables


def _without_folders(content: Any) -> Any:
    """Files named without the folders they lie in, which may name a person."""
    if isinstance(content, Mapping):
        return {key: _without_folders(value) for key, value in content.items()}
    if isinstance(content, str) and (
        PurePosixPath(content).is_absolute() or PureWindowsPath(content).is_absolute()
    ):
        return PureWindowsPath(content).name  # takes both kinds of slash
    return content


def _difference(estimate: float, volume: float) -> str:
    """How far an estimate lies from the voxel volume, in mL and per cent."""
    return f"{ml_more(estimate - volume)} ({signed(f'{100 * (estimate - volume) / volume:.0f}')} %)"


def _short(label: Label) -> str:
    return label.name.removesuffix(" hemorrhage")


def _rgb(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
