"""One writer of a result at a time, here or on another computer that shares the folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK_PREFIX = ".ichseg-lock-"


@contextmanager
def sole_writer(final: Path) -> Iterator[bool]:
    """Whether nobody else writes ``final``; until the block ends, nobody else will.

    The lock is the system's own and ends with the process that holds it, however that ends. Its file may then
    stay, and holds up nobody.

    Raises:
        OSError: the folder of ``final`` cannot be written to, or knows no locks.
    """
    from filelock import FileLock, Timeout  # Slicer's panel loads this file before any package is there

    path = final.with_name(LOCK_PREFIX + final.name)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
        alone = True
    except Timeout:
        alone = False
    except NotImplementedError as error:  # so older ones tell of a file system without locks
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)) from error
    try:
        yield alone
    finally:
        if alone:
            # On POSIX the name goes while the lock is held, so that nobody finds a free one there.
            _remove(path)
            lock.release()
            _remove(path)  # on Windows it goes only now


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
