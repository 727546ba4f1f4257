"""What the node has still to do, on disk: it outlives a kill at any instant.

A study is *received* while its objects come and until it is segmented; then *segmenting*, *sending*, and
*done* or *failed*. A killed node finds a study that was *segmenting* as *received* again. An object that
comes for a study makes it *received* again, whatever it was.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import OutputError
from ..io.atomic import output_errors

State = Literal["received", "segmenting", "sending", "done", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS studies (
    uid TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    arrivals INTEGER NOT NULL,     -- objects that came so far
    last_arrival REAL NOT NULL,    -- seconds since 1970, as all times here
    attempts INTEGER NOT NULL,     -- at the present state
    refusals INTEGER NOT NULL,     -- of them, how often the destination said no
    not_before REAL NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS results (
    path TEXT PRIMARY KEY,
    study TEXT NOT NULL REFERENCES studies (uid),
    sent INTEGER NOT NULL
);
"""


@dataclass(frozen=True)
class Study:
    """A study as it stood when it was asked for.

    Attributes:
        arrivals: objects that had come; a result of fewer is out of date.
        attempts: how often its present state was tried before.
        refusals: of them, how often the destination said no, not merely nothing.
        reason: why it failed, or what was left out.
    """

    uid: str
    state: State
    arrivals: int
    attempts: int
    refusals: int
    reason: str


class Queue:
    """The queue in one SQLite file, which this process holds for itself until :meth:`close`.

    Args:
        path: the file; made where it is missing.

    Raises:
        OutputError: or one of its kinds: it cannot be written, or another node holds it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._access():
            self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # the first lock is kept until the end
            self._db.execute("PRAGMA synchronous = FULL")
            with self._db:
                self._db.execute("BEGIN EXCLUSIVE")
            self._db.executescript(_SCHEMA)
        self._do("UPDATE studies SET state = 'received' WHERE state = 'segmenting'")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def arrived(self, uid: str, now: float) -> None:
        """An object of this study is on the disk."""
        self._do(
            "INSERT INTO studies VALUES (?, 'received', 1, ?, 0, 0, 0, '') ON CONFLICT (uid) DO UPDATE SET"
            " state = 'received', arrivals = arrivals + 1, last_arrival = excluded.last_arrival,"
            " attempts = 0, refusals = 0, not_before = 0, reason = ''",
            uid,
            now,
        )

    def complete(self, now: float, quiet_s: float) -> Study | None:
        """The study that waits longest of those to which nothing was added for ``quiet_s`` seconds."""
        return self._study(
            "state = 'received' AND last_arrival <= ? AND not_before <= ? ORDER BY last_arrival LIMIT 1",
            now - quiet_s,
            now,
        )

    def segmenting(self, uid: str) -> None:
        """It is begun; counted before, so that a study that takes the process down is known by it."""
        self._do("UPDATE studies SET state = 'segmenting', attempts = attempts + 1 WHERE uid = ?", uid)

    def interrupted(self, uid: str) -> None:
        """The node ends of its own will: this attempt does not count."""
        self._do(
            "UPDATE studies SET state = 'received', attempts = attempts - 1"
            " WHERE uid = ? AND state = 'segmenting'",
            uid,
        )

    def segmented(self, study: Study, results: Sequence[Path], reason: str) -> bool:
        """Its results are on the disk and wait to be sent; an object that came meanwhile voids them."""
        with self._access(), self._db:
            self._db.execute("BEGIN")
            changed = self._db.execute(
                "UPDATE studies SET state = 'sending', attempts = 0, not_before = 0, reason = ?"
                " WHERE uid = ? AND arrivals = ?",
                (reason, study.uid, study.arrivals),
            ).rowcount
            if changed:
                self._db.execute("DELETE FROM results WHERE study = ?", (study.uid,))
                rows = [(path.as_posix(), study.uid) for path in results]
                self._db.executemany("INSERT INTO results VALUES (?, ?, 0)", rows)
        return changed > 0

    def postpone(self, study: Study, not_before: float, reason: str, refused: bool = False) -> None:
        """Try what failed again later."""
        self._do(
            "UPDATE studies SET not_before = ?, reason = ?, refusals = refusals + ?,"
            " attempts = attempts + (state = 'sending'),"
            " state = CASE state WHEN 'segmenting' THEN 'received' ELSE state END"
            " WHERE uid = ? AND arrivals = ?",
            not_before,
            reason,
            refused,
            study.uid,
            study.arrivals,
        )

    def to_send(self, now: float) -> Study | None:
        """The study whose results wait longest to be sent."""
        return self._study("state = 'sending' AND not_before <= ? ORDER BY last_arrival LIMIT 1", now)

    def unsent(self, uid: str) -> list[Path]:
        """What is left to send of a study, in the order in which it was given."""
        rows = self._rows("SELECT path FROM results WHERE study = ? AND NOT sent ORDER BY rowid", uid)
        return [Path(path) for (path,) in rows]

    def sent(self, path: Path) -> None:
        self._do("UPDATE results SET sent = 1 WHERE path = ?", path.as_posix())

    def finish(self, study: Study, state: Literal["done", "failed"], reason: str) -> bool:
        """Whether it ended so; not if an object came meanwhile."""
        changed = self._do(
            "UPDATE studies SET state = ?, reason = ? WHERE uid = ? AND arrivals = ?",
            state,
            reason,
            study.uid,
            study.arrivals,
        )
        return changed > 0

    def study(self, uid: str) -> Study | None:
        return self._study("uid = ?", uid)

    def _study(self, condition: str, *values: object) -> Study | None:
        rows = self._rows(
            f"SELECT uid, state, arrivals, attempts, refusals, reason FROM studies WHERE {condition}", *values
        )
        return Study(*rows[0]) if rows else None

    def _rows(self, statement: str, *values: object) -> list[tuple]:
        with self._access():
            return self._db.execute(statement, values).fetchall()

    def _do(self, statement: str, *values: object) -> int:
        with self._access():
            return self._db.execute(statement, values).rowcount

    @contextmanager
    def _access(self) -> Iterator[None]:
        """One thread at a time; raises OutputError for whatever the database says."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise OutputError(
                    f"Expected to hold and write the queue {self._path}, found it in use, full or damaged "
                    f"({error}).",
                    "Let no two nodes share an output folder, and leave it room on the disk.",
                ) from error
