"""How a batch knows again what it has done: by the input's content, and by the model and settings."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..io.scans import files_of
from ..models import ModelFolder
from ..pipeline.provenance import sha256_of
from ..settings import SegmentationSettings
from .case import Case


def content_sha256(case: Case) -> str | None:
    """SHA-256 over all files of a case, wherever they lie now; None where one of them cannot be read."""
    digest = hashlib.sha256()
    try:
        for path in case.sources:
            digest.update(bytes.fromhex(sha256_of(path)))
    except OSError:
        return None
    return digest.hexdigest()


def stamp(case: Case) -> str | None:
    """Places, sizes and times of all files of a case as one hash; None where one is missing.

    A header counts together with the file of its voxels, as in :func:`content_sha256`. While the stamp stays,
    the content need not be read again to know that it is the same.
    """
    digest = hashlib.sha256()
    try:
        for path in (file for source in case.sources for file in _files(source)):
            status = path.stat()
            line = f"{path.absolute()}\0{status.st_size}\0{status.st_mtime_ns}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    except (OSError, ValueError):  # a ValueError for a name that no file system holds
        return None
    return digest.hexdigest()


def settings_sha256(
    settings: SegmentationSettings, model: ModelFolder | None, detector: ModelFolder | None = None
) -> str:
    """One hash for the models and for all settings that a result depends on; no model measures given masks.

    How many threads were used, and what is done with earlier results, does not count.
    """
    if model is None:
        relevant: dict[str, Any] = {
            "format": settings.format,
            "measurement": asdict(settings.measurement),
            "keep_identifiers": settings.keep_identifiers,
        }
    else:
        relevant = {
            **settings.to_dict(),
            "model": model.manifest.sha256,
            "detector": detector.manifest.sha256 if detector else None,
        }
        del relevant["threads"], relevant["overwrite"]
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def _files(source: Path) -> list[Path]:
    """The source and, behind a detached header, its voxels; only itself where it may not be read."""
    try:
        return files_of(source) if source.is_file() else [source]
    except OSError:
        return [source]
