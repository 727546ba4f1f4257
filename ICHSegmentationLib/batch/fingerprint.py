"""How a batch knows again what it has done: by the input's content, and by the model and settings."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

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

    While it stays, the content need not be read again to know that it is the same.
    """
    digest = hashlib.sha256()
    for path in case.sources:
        try:
            status = path.stat()
        except OSError:
            return None
        line = f"{_absolute(path)}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
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


def _absolute(path: Path) -> str:
    return str(path.absolute())
