"""Text out of names of files, which need not be text."""

import re

_NO_CHARACTERS = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """``text`` as it can be written in UTF-8: bytes of a name that are none become the sign for unknown."""
    return _NO_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)
