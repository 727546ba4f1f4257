"""A model on its way into the store, out of a folder, a zip file or the web: not trusted until verified."""

import hashlib
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import ModelError, ModelNotFoundError, ModelTamperedError
from .folder import LARGEST_MANIFEST, MANIFEST_NAME, ModelFolder

LARGEST_WEIGHTS = 2 << 30
LARGEST_MODEL = 4 << 30
"""All weights of a model together: fifteen networks of up to 140 million parameters each."""
MOST_MEMBERS = 1000
"""Files in a zip; a model has a manifest and a file for each network."""
TIMEOUT_S = 30

Opener = Callable[[str], IO[bytes]]


def unpacked(source: Path, target: Path) -> ModelFolder:
    """Copy ``model.json`` and the files it names from a folder or a zip file into a new folder.

    Raises:
        ModelNotFoundError: there is no such model, or a file of it is missing.
        ModelError: the source is damaged, a file is a link or too large, or the manifest is not valid.
        OutputError: or one of its kinds: a file cannot be written.
    """
    target.mkdir()
    if source.is_dir():
        return _copied(lambda name: _open_file(source / name), target)
    if not source.is_file() or not zipfile.is_zipfile(source):
        found = "another file" if source.exists() else "nothing"
        raise ModelNotFoundError(
            f"Expected a model folder or the .zip of one, found {found} at {source}.",
            f"Give the folder that holds {MANIFEST_NAME}.",
        )
    try:
        with zipfile.ZipFile(source) as archive:
            return _copied(_zip_opener(archive, source), target)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            f"Expected a readable .zip at {source}, found a damaged one: {error}.", "Fetch it again."
        ) from error


def download_file(url: str, target: Path, sha256: str) -> None:
    """Write what stands at ``url`` to ``target`` and check its SHA-256.

    Raises:
        ModelError: the address is not http(s), cannot be read, or holds too much.
        ModelTamperedError: the file has another SHA-256.
        OutputError: or one of its kinds: it cannot be written.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ModelError(f"Expected an address that begins with https:// or http://, found '{url}'.")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response, target.open("wb") as stream:
            found = _copy_bounded(response, stream, LARGEST_WEIGHTS, url)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise ModelError(
            f"Expected a model at {url}, could not read it: {error}.", "Check the address and the network."
        ) from error
    if found != sha256.lower():
        raise ModelTamperedError(
            f"Expected a file with the SHA-256 {sha256} at {url}, found {found}.",
            "The download was cut short, or the file there is another one. Nothing was installed.",
        )


def writing(path: Path) -> AbstractContextManager[None]:
    """Tell what goes wrong while ``path`` is written, see :func:`..io.atomic.output_errors`."""
    from ..io.atomic import output_errors  # models are listed where NumPy is not installed, too

    return output_errors(path)


def put_in_place(arrived: Path, place: Path) -> None:
    """Put what was written under its final name, see :func:`..io.atomic.patiently`.

    Raises:
        OutputError: or one of its kinds: it cannot be put there.
    """
    from ..io.atomic import patiently  # as above

    with writing(place):
        patiently(arrived.rename, place)


def _copied(open_named: Opener, target: Path) -> ModelFolder:
    _copy(open_named, MANIFEST_NAME, target, LARGEST_MANIFEST)
    model = ModelFolder.open(target)
    left = LARGEST_MODEL
    for name in sorted(model.manifest.files):
        left -= _copy(open_named, name, target, min(LARGEST_WEIGHTS, left))
    return model


def _copy(open_named: Opener, name: str, target: Path, largest: int) -> int:
    """Copy one file and tell its size."""
    with open_named(name) as source, (target / name).open("wb") as stream:
        _copy_bounded(source, stream, largest, name)
    return (target / name).stat().st_size


def _copy_bounded(source: IO[bytes], target: IO[bytes], largest: int, name: str) -> str:
    """Copy at most ``largest`` bytes, whatever a header promises, and tell their SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(1 << 20):
        size += len(piece)
        if size > largest:
            raise ModelError(
                f"Expected at most {largest} bytes in {name}, found more.",
                "This is no model made for ICHSegmentation.",
            )
        digest.update(piece)
        with writing(Path(target.name)):
            target.write(piece)
            target.flush()
    return digest.hexdigest()


def _open_file(path: Path) -> IO[bytes]:
    if path.is_symlink():
        raise ModelError(
            f"Expected the plain file {path.name}, found a link to {path.readlink()}.",
            "Copy the file itself there.",
        )
    if not path.is_file():
        raise _missing(path.name, path.parent)
    return path.open("rb")


def _zip_opener(archive: zipfile.ZipFile, source: Path) -> Opener:
    """Opens members beside ``model.json``, which may stand at the top or in one folder of the zip."""
    if len(archive.namelist()) > MOST_MEMBERS:
        raise ModelError(
            f"Expected at most {MOST_MEMBERS} files in {source}, found {len(archive.namelist())}.",
            "Zip one model folder.",
        )
    manifests = [
        PurePosixPath(name) for name in archive.namelist() if PurePosixPath(name).name == MANIFEST_NAME
    ]
    if len(manifests) != 1:
        raise ModelNotFoundError(
            f"Expected one {MANIFEST_NAME} in {source}, found {len(manifests)}.", "Zip one model folder."
        )

    def open_named(name: str) -> IO[bytes]:
        try:
            return archive.open(str(manifests[0].with_name(name)))
        except KeyError:
            raise _missing(name, source) from None

    return open_named


def _missing(name: str, place: Path) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"Expected the file {name} in {place}, found no such file.", "Import the whole model folder."
    )
