"""What the unit tests of models, pipeline and command line share: a scan, small models, an empty store."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save

from ICHSegmentationLib import models
from ICHSegmentationLib.models import store

if TYPE_CHECKING:
    from fakes import FakeSegmenter


def _document(**weights: bytes) -> dict[str, Any]:
    """What a ``model.json`` of these stages holds."""
    stages = {
        stage: {
            "network": {"kind": "residual_unet", "channels": [8, 16]},
            "weights": f"{stage}.safetensors",
            "sha256": hashlib.sha256(content).hexdigest(),
            "spacing_mm": [5.0, 0.9, 0.9],
            "patch": [32, 256, 256],
            "windows": [[40, 80], [80.0, 200.0]],
        }
        for stage, content in weights.items()
    }
    return {
        "schema_version": 1,
        "id": "small",
        "version": "1.0.0",
        "name": "Small",
        "description": "For tests.",
        "recipe": "cascade",
        "stages": stages,
        "labels": ["hemorrhage"],
        "inference": {"threshold": 0.5},
        "training": {
            "data": [{"name": "None", "citation": "None", "licence": "None"}],
            "split": "none",
            "command": "none",
        },
        "licence": "Apache-2.0",
        "citation": "None",
        "metrics": {"dice": 0.9},
    }


def _write_model(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    weights = {
        stage: save({"w": np.full(4, value, np.float32)}) for stage, value in (("coarse", 1), ("fine", 2))
    }
    for stage, content in weights.items():
        (folder / f"{stage}.safetensors").write_bytes(content)
    (folder / "model.json").write_text(json.dumps({**_document(**weights), **changes}))
    return folder


@pytest.fixture
def write_model() -> Callable[..., Path]:
    """Writes a whole model folder; keyword arguments replace keys of its manifest."""
    return _write_model


@pytest.fixture
def a_document() -> dict[str, Any]:
    return _document(coarse=b"coarse", fine=b"fine")


@pytest.fixture
def a_model_folder(tmp_path: Path) -> Path:
    return _write_model(tmp_path / "a_model")


@pytest.fixture(autouse=True)
def the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, instead of the user's own, and of the embedded models the default alone."""
    monkeypatch.setenv("ICHSEG_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr(store, "EMBEDDED_DETECTOR", tmp_path / "no detector")
    monkeypatch.setattr(store, "EMBEDDED_OPEN", tmp_path / "no open model")
    return tmp_path / "store"


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    """A scan of a head that bleeds."""
    from fakes import head, write_nifti

    return write_nifti(tmp_path / "ct.nii.gz", head())


@pytest.fixture
def a_segmenter(a_model_folder: Path) -> "FakeSegmenter":
    """A threshold instead of a network."""
    from fakes import FakeSegmenter

    return FakeSegmenter(models.find(a_model_folder))


@pytest.fixture
def no_network(a_segmenter: "FakeSegmenter", monkeypatch: pytest.MonkeyPatch) -> "FakeSegmenter":
    """The command line with a threshold instead of a network."""
    from ICHSegmentationLib.pipeline import path

    monkeypatch.setattr(path, "load_segmenter", lambda settings: a_segmenter)
    return a_segmenter
