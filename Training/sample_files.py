"""Where prepared samples lie: a file each, at the name of its case below a folder."""

from pathlib import Path


def sample_file(folder: Path, name: str) -> Path:
    """The file of the case ``name``; a ``/`` in it is one in the path, so that no two names share a file."""
    return folder / f"{name}.npz"


def sample_files(folder: Path) -> dict[str, Path]:
    """All of them by the name of their case, in the order of their paths."""
    files = sorted(folder.rglob("*.npz"))
    return {file.relative_to(folder).as_posix().removesuffix(".npz"): file for file in files}
