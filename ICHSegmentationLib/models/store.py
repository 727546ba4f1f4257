"""Where models are kept: those that come with the library, and a folder of the user's own.

The user's store is a folder with one model folder for each id. A model arrives in a temporary folder beside
them, is verified there, and is renamed into place, so that a half-copied model never stands under its id.
"""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelError, ModelNotFoundError
from .arrival import download_file, put_in_place, unpacked, writing
from .folder import MANIFEST_NAME, ModelFolder

DEFAULT, OPEN, DETECTOR = "default", "open", "detector"
EMBEDDED = Path(__file__).parent / DEFAULT
EMBEDDED_OPEN = Path(__file__).parent / OPEN
EMBEDDED_DETECTOR = Path(__file__).parent / DETECTOR

_log = logging.getLogger(__name__)


def default_model() -> ModelFolder:
    """The model that comes with the library.

    Raises:
        ModelNotFoundError: it is not there.
    """
    return ModelFolder.open(EMBEDDED)


def has_detector() -> bool:
    """Whether a detector comes with the library."""
    return (EMBEDDED_DETECTOR / MANIFEST_NAME).is_file()


def embedded() -> tuple[Path, Path, Path]:
    """The folders of the models that come with the library; one may be missing."""
    return EMBEDDED, EMBEDDED_OPEN, EMBEDDED_DETECTOR


def store_folder() -> Path:
    """The folder of the user's models; the environment variable ``ICHSEG_MODELS`` names another."""
    if chosen := os.environ.get("ICHSEG_MODELS"):
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return data / "ICHSegmentation" / "models"


def places() -> list[Path]:
    """The folders of the embedded models that are there, and of the user's own, damaged ones too."""
    folders = [*embedded(), *sorted(store_folder().glob("[!.]*"))]
    return [folder for folder in folders if (folder / MANIFEST_NAME).is_file()]


def installed() -> list[ModelFolder]:
    """The embedded models that are there, and the user's own; damaged ones are told to the log."""
    models = []
    for place in places():
        try:
            models.append(ModelFolder.open(place))
        except ModelError as error:
            _log.warning("The model at %s is damaged: %s", place, error)
    return models


def find(name_or_path: str | Path) -> ModelFolder:
    """The model of this name: ``default``, ``open`` or ``detector`` (all embedded), the id of an installed
    model, or the path of a model folder.

    Raises:
        ModelNotFoundError: there is no such model.
        ModelError: its manifest is not valid.
    """
    name = str(name_or_path)
    if name == DEFAULT:
        return default_model()
    by_folder = {place.name: place for place in reversed(places())}  # of two, the embedded one
    if name in by_folder:
        return ModelFolder.open(by_folder[name])
    models = {model.manifest.id: model for model in installed()}
    if name in models:
        return models[name]
    if (Path(name) / MANIFEST_NAME).is_file():
        return ModelFolder.open(Path(name))
    raise ModelNotFoundError(
        f"Expected the id of an installed model or a model folder, found '{name}'.",
        f"Installed: {', '.join([DEFAULT, *models])}. 'ichseg models import' brings another.",
    )


def import_folder(path: Path) -> ModelFolder:
    """Copy the model in a folder, or in a ``.zip`` of one, into the user's store, after verifying it.

    Only ``model.json`` and the files that it names are copied.

    Raises:
        ModelNotFoundError: there is no model at ``path``, or weights are missing.
        ModelTamperedError: weights are not the ones the manifest names.
        ModelError: the manifest is not valid, a file is too large, or the id is taken.
        OutputError: or one of its kinds: the store cannot be written.
    """
    with _arriving() as temporary:
        model = unpacked(path, temporary / "model")
        model.verify()
        model_id = model.manifest.id
        place = store_folder() / model_id
        if (
            model_id in {DEFAULT, OPEN, DETECTOR, *(other.manifest.id for other in installed())}
            or place.exists()
        ):
            raise ModelError(
                f"Expected a model that is not installed yet, found one with the id '{model_id}'.",
                _how_to_import(model_id),
            )
        put_in_place(model.path, place)
    return ModelFolder.open(place)


@contextmanager
def _arriving() -> Iterator[Path]:
    """A temporary folder in the user's store, which is made where it is missing."""
    store = store_folder()
    with writing(store):
        store.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".arriving-", dir=store)
    with folder as temporary:
        yield Path(temporary)


def _how_to_import(taken: str) -> str:
    """A hint for a model whose id is taken."""
    own = {model.manifest.id: model.path.name for model in installed() if model.path not in embedded()}
    if taken in own or (store_folder() / taken).exists():
        return f"Remove the old one first: ichseg models remove {own.get(taken, taken)}"
    return "It is embedded already; give the model another id."


def download(url: str, sha256: str) -> ModelFolder:
    """Fetch the ``.zip`` of a model, check its SHA-256, and import it.

    Raises:
        ModelError: the address cannot be read, or what is there is too large or no model.
        ModelTamperedError: the file has another SHA-256.
        OutputError: or one of its kinds: the store cannot be written.
    """
    with _arriving() as temporary:
        archive = temporary / "model.zip"
        download_file(url, archive, sha256)
        return import_folder(archive)


def remove(model_id: str) -> None:
    """Delete a model from the user's store, also what is left of one; those that are embedded stay.

    Args:
        model_id: its id, or the name of its folder in the store.

    Raises:
        ModelNotFoundError: the user's store has no such model.
        OutputError: or one of its kinds: it cannot be deleted.
    """
    own = {model.manifest.id: model.path for model in installed() if model.path not in embedded()}
    own |= {place.name: place for place in store_folder().glob("[!.]*") if place.is_dir()}
    if model_id not in own:
        raise ModelNotFoundError(
            f"Expected the id of a model in {store_folder()}, found '{model_id}'.",
            "'ichseg models list' shows them; the embedded ones cannot be removed.",
        )
    with writing(own[model_id]):
        shutil.rmtree(own[model_id])
