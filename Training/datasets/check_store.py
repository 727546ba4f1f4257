"""What was found out about each case, kept on disk so that nothing is looked at twice."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ICHSegmentationLib.io.atomic import atomic_path

from .case import Case
from .checks import CaseReport, Densities, check_case
from .histogram import Histogram

_VERSION = 2  # of what a check finds out; another one makes stored checks worthless


@dataclass(frozen=True)
class CheckStore:
    """A folder with one file a case. A case that changed, or whose files did, counts as not looked at."""

    folder: Path

    def check(self, case: Case) -> str:
        """Check a case, store what was found, and return its name.

        Raises:
            NotWritableError, DiskFullError, OutputError: the report cannot be written.
        """
        key = _key(case)  # before the files are read: a change meanwhile must not go unseen
        report, densities = check_case(case)
        stored = {
            "key": key,
            "report": asdict(report),
            "foreground": list(densities.foreground.counts.items()),
            "brain": list(densities.brain.counts.items()),
        }
        with atomic_path(self._place(case)) as temporary:
            temporary.write_text(json.dumps(stored), "utf-8")
        return case.name

    def report(self, case: Case) -> CaseReport | None:
        """What was found, None where nobody looked yet."""
        stored = self._read(case)
        if stored.get("key") != _key(case):
            return None
        found: dict[str, Any] = stored["report"]
        for name in ("warnings", "shape", "spacing_mm"):
            found[name] = tuple(found[name])
        return CaseReport(**found)

    def densities(self, case: Case) -> Densities:
        """Of a case whose report is there."""
        stored = self._read(case)
        return Densities(Histogram(dict(stored["foreground"])), Histogram(dict(stored["brain"])))

    def _read(self, case: Case) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads(self._place(case).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stored

    def _place(self, case: Case) -> Path:
        return self.folder / f"{hashlib.sha256(case.name.encode()).hexdigest()[:24]}.json"


def _key(case: Case) -> str:
    """Another one when the case, or one of its files, is another."""
    image = case.image if isinstance(case.image, tuple) else (case.image,)
    mask = case.mask if isinstance(case.mask, tuple) else (case.mask,)
    files = [_state(path) for path in (*image, *mask) if path is not None]
    return hashlib.sha256(repr((_VERSION, case, files)).encode()).hexdigest()


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
