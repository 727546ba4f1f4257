"""Where a result comes from: its input and its model."""

import errno
import hashlib
from pathlib import Path
from typing import Any

from ..io.folder_files import files_in
from ..io.scans import files_of
from ..models import ModelFolder
from ..models.folder import sha256_of as hash_of_file
from ..volume import Volume
from .cases import own_name


def describe_input(path: Path, volume: Volume) -> dict[str, Any]:
    """Name, hash and geometry of a scan. Only the name of its path: folders may name a patient or a user."""
    grid = volume.grid
    return {
        "name": own_name(path),
        "sha256": sha256_of(path),
        "shape": list(grid.shape),
        "spacing_mm": [round(mm, 6) for mm in grid.spacing],
        "slice_distance_mm": round(grid.slice_distance, 6),
        "tilt_degrees": round(grid.tilt_degrees, 3),
    }


def describe_mask(path: Path) -> dict[str, Any]:
    return {"name": own_name(path), "sha256": sha256_of(path)}


def describe_model(model: ModelFolder) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "sha256": manifest.sha256,
        "licence": manifest.licence,
    }


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' names and hashes, in the order of their names.

    A header whose voxels stand in another file (``.mhd``, ``.nhdr``) counts together with that file.

    Raises:
        OSError: there is no plain file or folder, or it may not be read.
    """
    if path.is_dir():
        return _sha256_of_files(path, files_in(path))
    if not path.is_file():  # a device might have no end
        raise FileNotFoundError(errno.ENOENT, "no plain file", str(path))
    files = files_of(path)
    return hash_of_file(path) if len(files) == 1 else _sha256_of_files(path.parent, files)


def _sha256_of_files(folder: Path, files: list[Path]) -> str:
    named = sorted((file.relative_to(folder).as_posix(), file) for file in files)
    digest = hashlib.sha256()
    for name, file in named:
        # A name that is not UTF-8 counts as the bytes that it is.
        digest.update(f"{name}\0{hash_of_file(file)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
