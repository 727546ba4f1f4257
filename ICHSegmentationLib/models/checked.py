"""Values out of a JSON document, each checked to be what its place expects."""

import dataclasses
import math
import re
from typing import Any, TypeVar

from ..errors import ModelError

Number = TypeVar("Number", int, float)


def wrong(where: str, expected: str, found: Any) -> ModelError:
    """The error of a value that is not what its place expects."""
    return ModelError(
        f"model.json: expected {expected} at '{where}', found {found!r:.100}.",
        "The model folder is damaged, or made for another version of ICHSegmentation.",
    )


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


def positive(value: Any, where: str, kind: type[Number]) -> tuple[Number, Number, Number]:
    """Three numbers above 0, in order slice, row, column."""
    numbers = [number(part, where) for part in sequence(value, where)]
    if len(numbers) != 3 or any(part <= 0 or kind(part) != part for part in numbers):
        raise wrong(where, f"three numbers above 0 ({kind.__name__})", value)
    a, b, c = (kind(part) for part in numbers)
    return a, b, c
