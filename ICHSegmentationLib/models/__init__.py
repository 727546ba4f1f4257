"""Model folders: what is in one, where they are kept, and the proof that nobody changed them."""

from .folder import ModelFolder
from .manifest import DataSource, Manifest, Stage, Training
from .stage_input import Earlier, StageInput
from .store import (
    DETECTOR,
    default_model,
    download,
    find,
    has_detector,
    import_folder,
    installed,
    places,
    remove,
    store_folder,
)

__all__ = [
    "DETECTOR",
    "DataSource",
    "Earlier",
    "Manifest",
    "ModelFolder",
    "Stage",
    "StageInput",
    "Training",
    "default_model",
    "download",
    "find",
    "has_detector",
    "import_folder",
    "installed",
    "places",
    "remove",
    "store_folder",
]
