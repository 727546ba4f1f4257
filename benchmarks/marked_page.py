"""Pages that a program measures a part of, between two marks; people write the rest."""

import re
import sys
from pathlib import Path

MARKS = "<!-- measured -->", "<!-- end of what was measured -->"


def write(text: str, page: Path) -> None:
    """Put ``text`` between the marks of ``page``."""
    old = page.read_text("utf-8")
    pattern = re.compile(f"{re.escape(MARKS[0])}.*{re.escape(MARKS[1])}", re.DOTALL)
    if not pattern.search(old):
        sys.exit(f"{page} has no line {MARKS[0]} followed by {MARKS[1]}")
    page.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n\n{text}\n\n{MARKS[1]}", old), "utf-8")


def show(text: str, page: Path | None) -> None:
    """Print ``text``, and put it into ``page`` where one is given."""
    print(f"\n{text}")
    if page:
        write(text, page)
