"""The files in a folder and its subfolders, links to folders included."""

from collections import deque
from collections.abc import Callable
from pathlib import Path


def files_in(folder: Path, leave_out: Callable[[Path], object] = lambda path: None) -> list[Path]:
    """Every file below ``folder``, sorted by path.

    Links to folders are followed. Each real folder counts once, so that none leads in a circle: by its own
    path where that is below ``folder`` too.

    Args:
        leave_out: hears of each folder that may not be read, and of each link into one.
    """
    files: list[Path] = []
    seen: set[Path] = set()
    waiting = deque([folder])
    while waiting:
        here = waiting.popleft()
        if (real := here.resolve()) in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(here.iterdir())
        except PermissionError:
            leave_out(here)
            continue
        for path in entries:
            try:
                if path.is_file():
                    files.append(path)
                elif path.is_dir() and path.is_symlink():
                    waiting.append(path)
                elif path.is_dir():
                    waiting.appendleft(path)
            except PermissionError:  # it lies, or leads, in a folder that may not be entered
                leave_out(path)
    return sorted(files)
