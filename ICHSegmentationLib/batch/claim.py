"""Who works in a folder of results: one batch at a time, and after it only when its workers have gone.

The locks are those of SQLite on empty files: every system has them, and they end with the process that holds
them, however it ends.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import OutputError

_PATIENCE_S = 60.0
"""How long to wait for the workers of a killed run: they end by themselves as soon as they notice."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other batches out of this folder; returns when no worker of an earlier one is left.

    Raises:
        OutputError: another batch works here, or a worker of an earlier one does not end.
    """
    with closing(_open(folder / "batch.lock", 0.0)) as batch:
        _lock(
            batch, "BEGIN EXCLUSIVE", "Another batch works in this output folder.", "Wait for it, or end it."
        )
        require_no_worker(folder)
        yield


def require_no_worker(folder: Path) -> None:
    """Wait for workers that are about to end.

    Raises:
        OutputError: one of them does not.
    """
    with closing(_open(folder / "workers.lock", _PATIENCE_S)) as workers:
        _lock(
            workers,
            "BEGIN EXCLUSIVE",
            "A worker of an earlier batch still works in this output folder.",
            "End it: it is a Python process that uses a processor.",
        )


@contextmanager
def worker_present(folder: Path) -> Iterator[None]:
    """Tell later batches that a worker is at work, until the block or the process ends."""
    with closing(_open(folder / "workers.lock", _PATIENCE_S)) as workers:
        _lock(workers, "BEGIN", "", "")
        workers.execute("SELECT count(*) FROM sqlite_master").fetchall()  # takes the shared lock
        yield


def _open(path: Path, patience_s: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience_s, isolation_level=None)


def _lock(connection: sqlite3.Connection, begin: str, message: str, hint: str) -> None:
    try:
        connection.execute(begin)
    except sqlite3.OperationalError as error:
        raise OutputError(f"{message} ({error})", hint) from error
