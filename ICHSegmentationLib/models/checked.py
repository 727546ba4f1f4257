"""Values out of a JSON document, each checked to be what its place expects."""

import dataclasses
import math
import re
from typing import Any, TypeVar

from ..errors import ModelError

Number = TypeVar("Number", int, float)

_SHA256 = re.compile(r"[0-9a-f]{64}")

DEEPEST = 12
"""How deep objects and lists may be nested in a model.json."""
LARGEST_NUMBER = 2**53
"""The largest whole number that every reader of JSON tells from its neighbours (RFC 8259, section 6)."""
LARGEST_ARGUMENT = 2048
"""Of a network: channels, layers, levels."""
LARGEST_IN_LIST_OF_LISTS = 16
"""Of a network: strides and kernels, one list of axes for each level."""
MOST_IN_A_LIST = 64
MOST_VOXELS = 2**26
"""Of one pass through a network: 256 slices of 512 x 512."""


def wrong(where: str, expected: str, found: Any) -> ModelError:
    """The error of a value that is not what its place expects."""
    return ModelError(
        f"model.json: expected {expected} at '{where}', found {found!r:.100}.",
        "The model folder is damaged, or made for another version of ICHSegmentation.",
    )


def bounded(document: Any) -> Any:
    """A whole document, found to be nested no deeper than :data:`DEEPEST`, its numbers finite and no larger
    than :data:`LARGEST_NUMBER`, its texts ones that can be written to a file."""
    level = [document]
    for _ in range(DEEPEST):
        for value in level:
            _require_writable(value)
        level = [part for value in level for part in _parts(value)]
    if level:
        raise wrong("model.json", f"at most {DEEPEST} levels of objects and lists", level[0])
    return document


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _require_writable(value: Any) -> None:
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:  # NaN is not, either
        raise wrong("model.json", f"numbers between -{LARGEST_NUMBER} and {LARGEST_NUMBER}", value)
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise wrong("model.json", "texts of whole characters", value)


def arguments(value: Any, where: str) -> dict[str, Any]:
    """The ``kind`` of a network and its arguments: texts, numbers that a network of today may have, and lists
    of them, so that building it cannot take more memory or time than a network of today does."""
    document = mapping(value, where)
    for name, argument in document.items():
        _require_modest(argument, f"{where}.{name}", LARGEST_ARGUMENT)
    text(document.get("kind"), f"{where}.kind")
    return document


def _require_modest(value: Any, where: str, largest: int, depth: int = 0) -> None:
    if isinstance(value, list) and depth < 2:
        if len(value) > MOST_IN_A_LIST:
            raise wrong(where, f"at most {MOST_IN_A_LIST} values in a list", value)
        for part in value:
            limit = LARGEST_IN_LIST_OF_LISTS if isinstance(part, list) else largest
            _require_modest(part, where, limit if depth == 0 else largest, depth + 1)
    elif isinstance(value, (int, float)):
        if not 0 <= value <= largest:
            raise wrong(where, f"a number from 0 to {largest}", value)
    elif value is not None and not isinstance(value, str):
        raise wrong(where, "a text, a number, or a list of them", value)


def fields(cls: type, value: Any, where: str) -> dict[str, Any]:
    """An object with the fields of the dataclass ``cls`` as keys; those with a default may be left out."""
    document = mapping(value, where)
    expected = {field.name for field in dataclasses.fields(cls)}
    needed = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
    missing, unknown = sorted(needed - document.keys()), sorted(document.keys() - expected)
    if missing or unknown:
        told = [f"without {', '.join(missing)}"] * bool(missing) + [f"with {', '.join(unknown)}"] * bool(
            unknown
        )
        raise ModelError(
            f"model.json: expected the keys {', '.join(sorted(expected))} in '{where}', found it "
            f"{' and '.join(told)}.",
            "The model folder is damaged, or made for another version of ICHSegmentation.",
        )
    return document


def mapping(value: Any, where: str, may_be_empty: bool = False) -> dict[str, Any]:
    if not isinstance(value, dict) or not (value or may_be_empty):
        raise wrong(where, "an object", value)
    return value


def sequence(value: Any, where: str, may_be_empty: bool = False) -> list[Any]:
    if not isinstance(value, list) or not (value or may_be_empty):
        raise wrong(where, "a list", value)
    return value


def text(value: Any, where: str, pattern: re.Pattern[str] | None = None, expected: str = "a text") -> str:
    if not isinstance(value, str) or not value or (pattern and not pattern.fullmatch(value)):
        raise wrong(where, expected, value)
    return value


def sha256(value: Any, where: str) -> str:
    return text(value, where, _SHA256, "64 hexadecimal digits")


def number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise wrong(where, "a number", value)
    return value


def boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(where, "true or false", value)
    return value


def one_of(value: Any, where: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise wrong(where, f"one of {', '.join(choices)}", value)
    return str(value)


def voxels(value: Any, where: str) -> tuple[int, int, int]:
    """Three whole numbers above 0, the size of an array that a network sees; no larger than a whole scan."""
    size = positive(value, where, int)
    if math.prod(size) > MOST_VOXELS:
        raise wrong(where, f"at most {MOST_VOXELS} voxels", value)
    return size


def positive(value: Any, where: str, kind: type[Number]) -> tuple[Number, Number, Number]:
    """Three numbers above 0, in order slice, row, column."""
    numbers = [number(part, where) for part in sequence(value, where)]
    if len(numbers) != 3 or any(part <= 0 or kind(part) != part for part in numbers):
        raise wrong(where, f"three numbers above 0 ({kind.__name__})", value)
    a, b, c = (kind(part) for part in numbers)
    return a, b, c
