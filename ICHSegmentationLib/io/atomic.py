"""Write beside, then rename: nothing half-written ever stands under its final name.

What is being written has a hidden name that begins with ``TEMPORARY_PREFIX``. A killed run leaves that
behind; the next run that writes the same file or folder takes it away.
"""

import errno
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ..errors import DiskFullError, NotWritableError, OutputError, OutputExistsError
from .sole_writer import LOCK_PREFIX, sole_writer

TEMPORARY_PREFIX = ".ichseg-part-"
REPLACED_PREFIX = ".ichseg-old-"

_OPEN_FILES_STAY = os.name == "nt"
"""Whether what a program has open can be neither replaced nor renamed."""
_HELD_S = 2.0
"""How long a virus scanner or the search index may take to look at what was just written."""

_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` raised while ``path`` is written into the project's own error.

    Raises:
        NotWritableError: no permission, or a read-only disk.
        DiskFullError: no space left, or the quota is used up.
        OutputError: anything else the file system says.
    """
    try:
        yield
    except OSError as error:
        shown = _final_name(path)
        if error.errno in _NOT_WRITABLE:
            close = "Close the programs that show it. Otherwise choose" if _OPEN_FILES_STAY else "Choose"
            raise NotWritableError(
                f"Expected to write {shown}, but that is not permitted ({error.strerror}).",
                f"{close} another output folder, or allow writing there.",
            ) from error
        if error.errno in _FULL:
            raise DiskFullError(
                f"The disk is full: {shown} could not be written.", "Free some space and start again."
            ) from error
        raise OutputError(
            f"{shown} could not be written: {error}.", "Choose another output folder."
        ) from error


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """A path beside ``final`` to write one file to; it becomes ``final`` when the block ends well.

    The temporary name ends like the final one, so writers that go by the ending work. When the block
    raises, the temporary file is removed and what stood under the final name stays as it was.

    Raises:
        NotWritableError, DiskFullError, OutputError: see :func:`output_errors`.
    """
    temporary = _beside(final, TEMPORARY_PREFIX)
    with output_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(final)
        try:
            yield temporary
            _flush(temporary)
            patiently(temporary.replace, final)
        except BaseException:  # Ctrl-C and a cancelled run too: nothing half-written may stay
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _flush_folder(final.parent)


@dataclass(frozen=True)
class Earlier:
    """What of an earlier result goes when a new one takes its place.

    Attributes:
        own: patterns of the names that results have; such files and folders go, all others are kept.
        inputs: files that the new result is made of; they are kept, whatever they are called.
    """

    own: Sequence[str]
    inputs: Sequence[Path] = ()

    def wrote(self, path: Path) -> bool:
        """Whether ``path``, in the folder of the earlier result, is part of it."""
        return any(fnmatch(path.name, pattern) for pattern in self.own) and not any(
            one.resolve().is_relative_to(path.resolve()) for one in self.inputs
        )


@contextmanager
def atomic_folder(final: Path, overwrite: bool = False, earlier: Earlier | None = None) -> Iterator[Path]:
    """A folder beside ``final`` to write a whole result into; it becomes ``final`` when the block ends well.

    Nobody else can write the same result meanwhile. With ``overwrite`` an earlier result is swapped out at
    the end. Files in it that the new result does not have, such as a user's notes, are carried over. Which
    were the earlier result's own, and go, ``earlier`` tells; without it, files of the same name with another
    ending.

    Raises:
        OutputExistsError: ``final`` holds something and ``overwrite`` is False, or another run writes it.
        NotWritableError, DiskFullError, OutputError: see :func:`output_errors`. Errors of the block itself
            pass through as they are.
    """
    with ExitStack() as stack:
        with output_errors(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            if not stack.enter_context(sole_writer(final)):
                raise OutputExistsError(
                    f"Another run is writing {final}.", "Wait until it is done, or choose another folder."
                )
            _bring_back_replaced(final)
            if not overwrite:
                _require_free(final, earlier)
            _remove_leftovers(final)
            temporary = _beside(final, TEMPORARY_PREFIX)
            temporary.mkdir()
        try:
            yield temporary
            with output_errors(final):
                _publish(temporary, final, earlier)
        except BaseException:  # Ctrl-C and a cancelled run too: nothing half-written may stay
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _require_free(final: Path, earlier: Earlier | None) -> None:
    if not final.exists() or (final.is_dir() and not any(final.iterdir())):
        return
    if earlier is None or not final.is_dir() or any(map(earlier.wrote, final.iterdir())):
        found = f"{final} holds an earlier result."
    else:
        found = f"{final} holds files that are no earlier result."
    raise OutputExistsError(found, "Ask for it to be overwritten, or choose another folder.")


def tidy_after_kill(final: Path) -> None:
    """Take away what a killed run left beside ``final``; an earlier result, and another run, are left alone.

    Raises:
        NotWritableError, OutputError: see :func:`output_errors`.
    """
    with output_errors(final), sole_writer(final) as alone:
        if alone:
            _bring_back_replaced(final)
            _remove_leftovers(final)


def unfinished(folder: Path) -> list[Path]:
    """The final paths in ``folder`` beside which something half-written or replaced stands."""
    with output_errors(folder):
        prefixes = (TEMPORARY_PREFIX, REPLACED_PREFIX, LOCK_PREFIX)
        names = [path for path in folder.iterdir() if path.name.startswith(prefixes)]
    return sorted({_final_name(path) for path in names})


def _publish(temporary: Path, final: Path, earlier: Earlier | None) -> None:
    for path in temporary.rglob("*"):
        if path.is_file():
            _flush(path)
    replaced = None
    if final.exists():
        _carry_over(final, temporary, earlier)
        replaced = _beside(final, REPLACED_PREFIX)
        patiently(final.rename, replaced)
    try:
        patiently(temporary.rename, final)
    except OSError:
        if replaced is not None:
            patiently(replaced.rename, final)
        raise
    _flush_folder(final.parent)
    if replaced is not None:
        _remove(replaced)


def patiently(rename: Callable[[Path], Path], new: Path) -> None:
    """Rename, again and again while somebody has a hold of the old or the new one for a moment."""
    until = time.monotonic() + (_HELD_S if _OPEN_FILES_STAY else 0.0)
    while True:
        try:
            rename(new)
            return
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.05)


def _carry_over(old: Path, new: Path, earlier: Earlier | None) -> None:
    if not old.is_dir():
        return
    results = {_stem(path) for path in new.iterdir()}
    for path in old.iterdir():
        if path.name.startswith(TEMPORARY_PREFIX) or (new / path.name).exists():
            continue
        if earlier.wrote(path) if earlier else path.is_file() and _stem(path) in results:
            continue
        if path.is_dir():
            shutil.copytree(path, new / path.name, symlinks=True)
        elif path.is_file():
            shutil.copy2(path, new / path.name)


def _bring_back_replaced(final: Path) -> None:
    """Undo a swap that was killed between its two renames."""
    if not final.exists():
        for replaced in _siblings(final, REPLACED_PREFIX):
            patiently(replaced.rename, final)
            return


def _remove_leftovers(final: Path) -> None:
    for prefix in (TEMPORARY_PREFIX, REPLACED_PREFIX):
        for leftover in _siblings(final, prefix):
            _remove(leftover)


def _siblings(final: Path, prefix: str) -> list[Path]:
    if not final.parent.is_dir():
        return []
    return sorted(
        path
        for path in final.parent.iterdir()
        if path.name.startswith(prefix) and _final_name(path).name == final.name
    )


def _beside(final: Path, prefix: str) -> Path:
    return final.with_name(f"{prefix}{uuid.uuid4().hex[:8]}-{final.name}")


def _final_name(path: Path) -> Path:
    """The path with each temporary name in it replaced by the final one."""
    names = [
        part.removeprefix(TEMPORARY_PREFIX).removeprefix(REPLACED_PREFIX).partition("-")[2]
        if part.startswith((TEMPORARY_PREFIX, REPLACED_PREFIX))
        else part.removeprefix(LOCK_PREFIX)
        for part in path.parts
    ]
    return Path(*names)


def _stem(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the rename itself last; only POSIX lets one open a folder, and some file systems refuse."""
    if os.name == "posix":
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
