"""Text that comes from elsewhere, from names of files and headers, as it can be written."""

import re

_NO_CHARACTERS = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """``text`` as it can be written in UTF-8: bytes of a name that are none become the sign for unknown."""
    return _NO_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)


def no_formula(text: str) -> str:
    """``text`` for a table that a spreadsheet may open: an ``'`` in front of what it would carry out."""
    if not text.startswith(("=", "+", "-", "@")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
