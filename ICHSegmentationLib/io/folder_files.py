"""The files in a folder and its subfolders, links to folders included."""

from collections import deque
from contextlib import suppress
from pathlib import Path


def files_in(folder: Path) -> list[Path]:
    """Every file below ``folder``, sorted by path.

    Links to folders are followed. Each real folder counts once, so that none leads in a circle: by its own
    path where that is below ``folder`` too. What may not be read or looked at is left out.
    """
    files: list[Path] = []
    seen: set[Path] = set()
    waiting = deque([folder])
    while waiting:
        here = waiting.popleft()
        if (real := here.resolve()) in seen:
            continue
        seen.add(real)
        for path in _entries(here):
            with suppress(PermissionError):  # it lies, or leads, in a folder that may not be entered
                if path.is_file():
                    files.append(path)
                elif path.is_dir() and path.is_symlink():
                    waiting.append(path)
                elif path.is_dir():
                    waiting.appendleft(path)
    return sorted(files)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except PermissionError:
        return []
