"""A model on the disk: a folder with ``model.json``, weights and graphs, and nothing that is executed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError, ModelNotFoundError, ModelTamperedError
from .manifest import Manifest, Stage

MANIFEST_NAME = "model.json"
LARGEST_MANIFEST = 1 << 20


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds a model, its manifest already read and checked."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> "ModelFolder":
        """Read the manifest of the model in this folder; the weights are not read.

        Raises:
            ModelNotFoundError: there is no ``model.json``.
            ModelError: the manifest is not valid.
        """
        manifest = path / MANIFEST_NAME
        if not manifest.is_file():
            raise ModelNotFoundError(
                f"Expected a model folder with a {MANIFEST_NAME} at {path}, found none.",
                "'ichseg models list' shows the models that are there.",
            )
        if manifest.stat().st_size > LARGEST_MANIFEST:
            raise ModelError(
                f"Expected at most {LARGEST_MANIFEST} bytes in {manifest}, found {manifest.stat().st_size}."
            )
        return cls(path, Manifest.parse(manifest.read_bytes()))

    def weights(self, stage: str) -> Path:
        """The weight file of a stage; call :meth:`verify` before it is used.

        Raises:
            ModelError: the model has no such stage.
        """
        return self.path / self._stage(stage).weights

    def graph(self, stage: str) -> Path | None:
        """The ONNX file of a stage, where it has one; call :meth:`verify` before it is used.

        Raises:
            ModelError: the model has no such stage.
        """
        graph = self._stage(stage).graph
        return None if graph is None else self.path / graph.file

    def verify(self) -> None:
        """Check that every file is the one that the manifest names.

        Raises:
            ModelNotFoundError: a file is missing.
            ModelTamperedError: a file has another SHA-256.
        """
        for name in self.manifest.files:
            self._verify_file(name)

    def verified_weights(self, stage: str) -> Path:
        """The weight file of a stage, checked now: for those who read it long after :meth:`verify`.

        Raises:
            ModelError: the model has no such stage; or as :meth:`verify`.
        """
        path = self.weights(stage)
        self._verify_file(path.name)
        return path

    def _verify_file(self, name: str) -> None:
        path, sha256 = self.path / name, self.manifest.files[name]
        if not path.is_file():
            raise ModelNotFoundError(
                f"Expected {name}, a part of {self.manifest.id}, in {self.path}, found nothing.",
                "Import the model again; if it is the embedded one, install ICHSegmentation again.",
            )
        found = sha256_of(path)
        if found != sha256:
            raise ModelTamperedError(
                f"Expected {path} with the SHA-256 {sha256}, found {found}.",
                "The file was changed or is incomplete: import or download the model again.",
            )

    def _stage(self, name: str) -> Stage:
        try:
            return self.manifest.stages[name]
        except KeyError:
            stages = ", ".join(self.manifest.stages)
            raise ModelError(
                f"Expected a model with the stage '{name}', found {self.manifest.id} with {stages}."
            ) from None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
