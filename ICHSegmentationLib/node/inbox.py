"""What was received and is not done yet: a folder a study, a folder a series, a file an object."""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from ..errors import DiskFullError, InputError, NotAnImageError
from ..io.atomic import TEMPORARY_PREFIX, atomic_path, output_errors
from ..io.dicom_slices import reading
from .queue import Queue, Study

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_LONGEST_UID = 64
_NEEDED = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality"]


@dataclass(frozen=True)
class _Place:
    study: str
    series: str
    instance: str


class Inbox:
    """Keeps objects and tells the queue of them; both under one lock, so that none is deleted unseen.

    Args:
        folder: made where it is missing. Studies in it that the queue does not know are told to it: the
            process was killed after it had written an object and before it had said so.
        free_bytes: room that must stay free on its disk.
    """

    def __init__(self, folder: Path, queue: Queue, free_bytes: int) -> None:
        self._folder = folder
        self._queue = queue
        self._free_bytes = free_bytes
        self._lock = threading.Lock()
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._settle()

    def keep(self, content: bytes) -> str:
        """Write an object, a whole DICOM file, and give its study's UID.

        Raises:
            InputError: or one of its kinds: it is no CT, or cannot be told where it belongs.
            DiskFullError: too little room is left.
            OutputError: or one of its kinds: it could not be written.
        """
        place = _place_of(content)
        with output_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)  # who deletes failed studies may delete it too
            free = shutil.disk_usage(self._folder).free
        if free < self._free_bytes + len(content):
            raise DiskFullError(f"Less than {self._free_bytes / 2**30:.3g} GiB are free.", "Free some space.")
        path = self.of(place.study) / place.series / f"{place.instance}.dcm"
        with self._lock:
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
            self._queue.arrived(place.study, time.time())
        return place.study

    def of(self, study: str) -> Path:
        return self._folder / study

    def finish(self, study: Study, reason: str) -> bool:
        """Delete a study that is done; not if an object came meanwhile."""
        with self._lock:
            done = self._queue.finish(study, "done", reason)
            if done:
                shutil.rmtree(self.of(study.uid), ignore_errors=True)
        return done

    def _settle(self) -> None:
        for folder in self._studies():
            for leftover in folder.rglob(f"{TEMPORARY_PREFIX}*"):
                leftover.unlink(missing_ok=True)
            known = self._queue.study(folder.name)
            if known is None and any(path.is_file() for path in folder.rglob("*.dcm")):
                self._queue.arrived(folder.name, time.time())
            elif known is None or known.state == "done":
                shutil.rmtree(folder, ignore_errors=True)

    def _studies(self) -> Iterator[Path]:
        yield from (path for path in self._folder.iterdir() if path.is_dir() and _is_uid(path.name))


def _place_of(content: bytes) -> _Place:
    """Where an object belongs, by its header; its UIDs become names of files, and can be nothing but that."""
    try:
        with reading(Path("the object")):
            header = pydicom.dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=list(_NEEDED))
            modality, *uids = (str(header.get(name, "")) for name in reversed(_NEEDED))
    except (InvalidDicomError, NotAnImageError) as error:  # whose words may hold what the header says
        raise InputError("Expected a DICOM object, found a damaged one.") from error
    if modality != "CT":
        raise InputError(f"Expected a CT, found the modality {modality[:16]!r}.")
    if not all(_is_uid(uid) for uid in uids):
        raise InputError("Expected UIDs of study, series and object, found none, or something else.")
    instance, series, study = uids
    return _Place(study, series, instance)


def _is_uid(text: str) -> bool:
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None
