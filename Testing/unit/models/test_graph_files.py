"""The graphs of a model are files of it as its weights are: verified, and imported with it."""

import json

import pytest

from ICHSegmentationLib import errors, models
from ICHSegmentationLib.models import ModelFolder


@pytest.mark.parametrize("name", ["fine.onnx", "fine.safetensors"])
def test_a_model_without_one_of_its_files_or_with_another_one_is_refused(tmp_path, name):
    source = models.default_model().path
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes(b"another")
    with pytest.raises(errors.ModelTamperedError, match=name):
        ModelFolder.open(tmp_path).verify()
    (tmp_path / name).unlink()
    with pytest.raises(errors.ModelNotFoundError, match=name):
        ModelFolder.open(tmp_path).verify()


def test_a_model_is_imported_with_its_graphs(tmp_path, monkeypatch):
    monkeypatch.setenv("ICHSEG_MODELS", str(tmp_path / "store"))
    source = tmp_path / "source"
    source.mkdir()
    for file in models.default_model().path.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    document = json.loads((source / "model.json").read_text("utf-8"))
    (source / "model.json").write_text(json.dumps({**document, "id": "another"}), "utf-8")
    imported = models.import_folder(source)
    imported.verify()
    assert sorted(file.name for file in imported.path.iterdir()) == sorted(
        ["model.json", "coarse.onnx", "coarse.safetensors", "fine.onnx", "fine.safetensors"]
    )
