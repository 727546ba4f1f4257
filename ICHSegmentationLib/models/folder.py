"""A model on the disk: a folder with ``model.json`` and safetensors files, and nothing that is executed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError, ModelNotFoundError, ModelTamperedError
from .manifest import Manifest

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
        try:
            return self.path / self.manifest.stages[stage].weights
        except KeyError:
            stages = ", ".join(self.manifest.stages)
            raise ModelError(
                f"Expected a model with the stage '{stage}', found {self.manifest.id} with {stages}."
            ) from None

    def verify(self) -> None:
        """Check that every weight file is the one that the manifest names.

        Raises:
            ModelNotFoundError: a weight file is missing.
            ModelTamperedError: a weight file has another SHA-256.
        """
        for name, stage in self.manifest.stages.items():
            path = self.weights(name)
            if not path.is_file():
                raise ModelNotFoundError(
                    f"Expected {path.name}, weights of {self.manifest.id}, in {self.path}, found nothing.",
                    "Import the model again; if it is the embedded one, install ICHSegmentation again.",
                )
            found = sha256_of(path)
            if found != stage.sha256:
                raise ModelTamperedError(
                    f"Expected {path} with the SHA-256 {stage.sha256}, found {found}.",
                    "The file was changed or is incomplete: import or download the model again.",
                )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
