"""Numbers of the command line. Others end it with a usage error, before anything is read."""

from argparse import ArgumentTypeError
from math import isfinite


def count(text: str) -> int:
    """A whole number from 1 on."""
    return _at_least(1, text)


def whole(text: str) -> int:
    """A whole number from 0 on."""
    return _at_least(0, text)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0 or not isfinite(value):
        raise ArgumentTypeError(f"expected a number above 0, found '{text}'")
    return value


def _at_least(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise ArgumentTypeError(f"expected a whole number from {least} on, found '{text}'")
    return value
