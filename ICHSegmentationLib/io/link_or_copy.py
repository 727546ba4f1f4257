"""A file under a second name for a while, without another copy of it where that can be."""

import os
import shutil
import stat
from pathlib import Path

_READ_ONLY_STAYS = os.name == "nt"
"""Whether a file that may not be written cannot be deleted, by none of its names."""


def link_or_copy(source: Path, place: Path) -> None:
    """Make ``place`` a link to ``source``, or a copy where no link is possible, or it could not be deleted.

    Raises:
        OSError: it cannot be copied either.
    """
    if _READ_ONLY_STAYS and not source.stat().st_mode & stat.S_IWRITE:  # as files from a CD are
        shutil.copyfile(source, place)
        return
    try:
        os.link(source, place)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, place)
