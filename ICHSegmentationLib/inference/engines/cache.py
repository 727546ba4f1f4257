"""Where converted networks are kept, and how they are found again.

Each lies in a folder named after the hash of all that it was made of: weights, network, patch (a detector's
takes no other), engine and versions.
Nothing in the cache is ever needed: it may be deleted at any time.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import OutputError
from ...io.atomic import output_errors
from ...models import Stage
from ...models.folder import sha256_of

_FORMAT = 1  # of the folders here; another number, and all networks are converted anew
_FACTS = "converted.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Converted:
    """A network in an engine's own format.

    Attributes:
        path: the file to open.
        divisor: ``(D, H, W)``, the multiples that its input must have.
    """

    path: Path
    divisor: tuple[int, int, int]


Convert = Callable[[Path], tuple[int, int, int]]
"""Writes the converted network to a path and gives its divisor."""


def cache_folder() -> Path:
    """The folder of converted networks; the environment variable ``ICHSEG_CACHE`` names another."""
    if chosen := os.environ.get("ICHSEG_CACHE"):
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return cache / "ICHSegmentation" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "ICHSegmentation"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "ICHSegmentation"


def place(stage: Stage, engine: str, version: str) -> Path:
    """The folder of this stage's network converted for this version of an engine."""
    facts = [_FORMAT, stage.sha256, stage.network, stage.patch, engine, version]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return cache_folder() / f"{engine}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def find(folder: Path, file_name: str) -> Converted | None:
    """What was converted into ``folder``; None where nothing is, or where it is damaged."""
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        if facts["files"] != _hashes(folder):
            _log.warning("The converted network in %s is damaged and is made anew.", folder)
            return None
        depth, height, width = map(int, facts["divisor"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Converted(folder / file_name, (depth, height, width))


def keep(folder: Path, file_name: str, convert: Convert) -> Converted:
    """Convert into ``folder``, which appears when it is complete.

    Raises:
        OutputError: it cannot be written.
    """
    with output_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".converting-", dir=folder.parent) as temporary:
            made = Path(temporary) / folder.name
            made.mkdir()
            divisor = convert(made / file_name)
            facts = {"divisor": divisor, "files": _hashes(made)}
            (made / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
            if find(folder, file_name) is None:  # else another process was faster
                shutil.rmtree(folder, ignore_errors=True)
                made.rename(folder)
    found = find(folder, file_name)
    if found is None:
        raise OutputError(f"Expected a converted network in {folder}, found it gone or changed.")
    return found


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.name != _FACTS}
