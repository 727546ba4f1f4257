"""The lists of files in a CMakeLists.txt, read without CMake."""

from __future__ import annotations

import re
from pathlib import Path

_SET = re.compile(r"^set\((\w+)\s+([^)]*)\)", re.MULTILINE)


def variables_of(cmake_file: Path) -> dict[str, str]:
    """Every ``set(NAME value)``, comments taken out, the outer quotes of a quoted value too."""
    text = re.sub(r"^\s*#.*$", "", cmake_file.read_text("utf-8"), flags=re.MULTILINE)
    return {name: value.strip().strip('"') for name, value in _SET.findall(text)}


def files_in(cmake_file: Path, *lists: str) -> list[str]:
    """The files of these lists, as they stand there."""
    variables = variables_of(cmake_file)
    return [name for key in lists for name in variables[key].split()]
