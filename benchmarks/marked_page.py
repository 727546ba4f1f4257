"""Pages that a program measures a part of, between two marks; people write the rest."""

import re
import sys
from pathlib import Path


def write(text: str, page: Path, what: str = "measured") -> None:
    """Put ``text`` between the marks of ``page`` that are named so."""
    first, last = f"<!-- {what} -->", f"<!-- end of what was {what} -->"
    old = page.read_text("utf-8")
    pattern = re.compile(f"{re.escape(first)}.*{re.escape(last)}", re.DOTALL)
    if not pattern.search(old):
        sys.exit(f"{page} has no line {first} followed by {last}")
    page.write_text(pattern.sub(lambda _: f"{first}\n\n{text}\n\n{last}", old), "utf-8")


def show(text: str, page: Path | None, what: str = "measured") -> None:
    """Print ``text``, and put it into ``page``, where one is given, as :func:`write` does."""
    print(f"\n{text}")
    if page:
        write(text, page, what)
