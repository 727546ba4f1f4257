"""How numbers and fixed sentences read, in the page and in the picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..labels import HEMORRHAGE, Label, label_named

EMPTY = "No hemorrhage segmented"
RESEARCH_USE = "Research use only; not a medical device."
THRESHOLD_ML = 30.0
"""The volume at which the ICH score counts a point (Hemphill et al., Stroke 2001;32:891-897) and from which
surgical guidelines evacuate epidural hematomas (Bullock et al., Neurosurgery 2006;58:S2-7)."""

_UNITS = {"ml": "mL", "mb": "MB", "hu": "HU"}


def ml(volume: float) -> str:
    """Millilitres with as many digits as mean something: 0.04, 3.21, 34.5; what is there is never 0.00."""
    if volume == 0:
        return "0"
    return "< 0.01" if volume < 0.005 else _digits(volume)


def ml_more(difference: float) -> str:
    """A difference of two volumes in mL, with its sign."""
    return signed(_digits(difference))


def cm2(area: float) -> str:
    """Square centimetres; what is there is never 0.0."""
    return "< 0.1" if 0 < area < 0.05 else f"{area:.1f}"


def by_subtype(measurements: Mapping[str, Any]) -> list[tuple[Label, float]]:
    """The volume of each subtype, and of what was not told apart, so that they make up the total; nothing
    where no subtype is told."""
    told = [(label_named(name), volume) for name, volume in (measurements.get("subtypes") or {}).items()]
    rest = sum(each["volume_ml"] for each in measurements["lesions"] if each["label"] == HEMORRHAGE.id)
    return [*told, (HEMORRHAGE, rest)] if told and rest else told


def mm(length: float) -> str:
    return f"{length:.1f}"


def signed(text: str) -> str:
    """A formatted number with its sign, the minus as wide as the plus."""
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def place(point: Sequence[float]) -> str:
    """Patient coordinates (RAS, mm) in words that need no convention: ``L 23.1, P 4.0, S 51.2``."""
    sides = zip(("RL", "AP", "SI"), point, strict=True)
    return ", ".join(f"{names[value < 0]} {abs(value):.1f}" for names, value in sides)


def slice_range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}–{high}"


def _digits(volume: float) -> str:
    return f"{volume:.2f}" if abs(volume) < 9.995 else f"{volume:.1f}"


def plain_rows(content: Any, name: str = "") -> list[tuple[str, str]]:
    """Name and text of every value of nested dicts and lists: ``("measurement connectivity", "26")``."""
    if isinstance(content, Mapping):
        nested = ((f"{name} {_words(key)}".strip(), value) for key, value in content.items())
        return [row for key, value in nested for row in plain_rows(value, key)]
    if isinstance(content, list | tuple) and any(isinstance(item, Mapping) for item in content):
        nested = ((f"{name} {number}".strip(), item) for number, item in enumerate(content, start=1))
        return [row for key, value in nested for row in plain_rows(value, key)]
    return [(name, _text(content))]


def _words(key: object) -> str:
    """``peak_memory_mb`` -> ``peak memory MB``."""
    return " ".join(_UNITS.get(word, word) for word in str(key).split("_"))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)
