"""What became of every case, in one SQLite file that survives whatever ends the program."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DiskFullError, NotWritableError, OutputError

Status = Literal["waiting", "done", "failed"]

_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS cases (
    name TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    settings_sha256 TEXT NOT NULL,
    input_sha256 TEXT,
    stamp TEXT,
    row TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Entry:
    """What the ledger holds of a case.

    Attributes:
        status: ``waiting`` also is a case whose run was killed; whatever stands in its folder is the batch's.
        settings_sha256, input_sha256, stamp: see :mod:`.fingerprint`.
        row: what the summary tells of it.
    """

    name: str
    status: Status
    settings_sha256: str
    input_sha256: str | None
    stamp: str | None
    row: dict[str, Any]


class Ledger:
    """The entries by case; each change is on the disk when the call returns."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Ledger"]:
        """Open the ledger at ``path``, or begin one.

        Raises:
            OutputError: it is damaged, or of a later version, or cannot be written.
        """
        with _own_words(path):
            connection = sqlite3.connect(path)
        with closing(connection):
            with _own_words(path), connection:
                connection.execute("PRAGMA synchronous = FULL")
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, _VERSION):
                    raise OutputError(
                        f"Expected a ledger of version {_VERSION} at {path}, found {version}.",
                        "Update ICHSegmentation, or choose another output folder.",
                    )
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            yield cls(connection, path)

    def entries(self) -> dict[str, Entry]:
        """All entries by name, the oldest first."""
        with _own_words(self._path):
            rows = self._connection.execute(
                "SELECT name, status, settings_sha256, input_sha256, stamp, row FROM cases ORDER BY rowid"
            ).fetchall()
        return {
            name: Entry(name, status, settings, content, stamp, json.loads(row))
            for name, status, settings, content, stamp, row in rows
        }

    def write(self, entries: Iterable[Entry]) -> None:
        """Replace the entries of these names, all of them or none.

        Raises:
            OutputError: or one of its kinds; the ledger is then as it was.
        """
        with _own_words(self._path), self._connection:
            self._connection.executemany(
                "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "status = excluded.status, settings_sha256 = excluded.settings_sha256, "
                "input_sha256 = excluded.input_sha256, stamp = excluded.stamp, row = excluded.row",
                [
                    (e.name, e.status, e.settings_sha256, e.input_sha256, e.stamp, json.dumps(e.row))
                    for e in entries
                ],
            )


@contextmanager
def _own_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # Python tells SQLite's own codes only from 3.11 on, its words always.
        words = str(error)
        if "full" in words:
            raise DiskFullError(
                f"The disk is full: {path} could not be written.", "Free some space and start again."
            ) from error
        if "readonly" in words or "unable to open" in words:
            raise NotWritableError(
                f"Expected to write {path}, but that is not permitted ({words}).",
                "Choose another output folder, or allow writing there.",
            ) from error
        raise OutputError(
            f"{path} could not be used: {words}.",
            "If it is damaged, remove its folder: all cases are then done again, with --overwrite.",
        ) from error
