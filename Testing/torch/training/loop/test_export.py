import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_training import RECIPE, STAGE, prepared

from ICHSegmentationLib.errors import InputError, OutputExistsError
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights
from Training.cli import main
from Training.loop.cross_validation import SUMMARY, cross_validate
from Training.loop.export import About, export
from Training.loop.formats import export_as
from Training.loop.options import TrainOptions

OPTIONS = TrainOptions(accelerator="cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All folds of the tiny recipe, trained."""
    folder = tmp_path_factory.mktemp("runs")
    cross_validate(RECIPE, data, folder, OPTIONS)
    return folder


@pytest.fixture
def model(out: Path, tmp_path: Path) -> ModelFolder:
    export([out / "fold_0"], tmp_path / "model")
    return ModelFolder.open(tmp_path / "model")


def logits(model: ModelFolder, image: torch.Tensor) -> torch.Tensor:
    network = build(STAGE.network)
    load_weights(network, model.weights("slices"))
    with torch.no_grad():
        return network.eval()(image)


def test_cross_validation_trains_every_fold_on_the_other_patients(out: Path) -> None:
    told = json.loads((out / SUMMARY).read_text())
    assert [fold["fold"] for fold in told["folds"]] == [0, 1]
    assert told["dice_mean"] == pytest.approx(np.mean([fold["dice"] for fold in told["folds"]]))
    records = [json.loads((out / f"fold_{k}" / "fold.json").read_text()) for k in (0, 1)]
    assert [record["cases"] for record in records] == [{"training": 2, "validation": 2}] * 2


def test_folds_that_are_done_are_not_trained_again(data: Path, out: Path) -> None:
    last = out / "fold_0" / "slices" / "last.pt"
    before = last.stat().st_mtime_ns
    results = cross_validate(RECIPE, data, out, OPTIONS, folds=[0])
    assert last.stat().st_mtime_ns == before
    assert results[0].dice == json.loads((out / "fold_0" / "result.json").read_text())["dice"]
    told = json.loads((out / SUMMARY).read_text())
    assert [fold["fold"] for fold in told["folds"]] == [0, 1], "those of earlier commands are told as well"


def test_another_recipe_does_not_touch_a_trained_fold(data: Path, out: Path) -> None:
    from dataclasses import replace

    record = (out / "fold_0" / "fold.json").read_bytes()
    with pytest.raises(InputError, match="other settings"):
        cross_validate(replace(RECIPE, name="another"), data, out, OPTIONS, folds=[0])
    assert (out / "fold_0" / "fold.json").read_bytes() == record


def test_the_model_holds_the_best_weights_and_how_they_are_fed(out: Path, model: ModelFolder) -> None:
    model.verify()
    best = load_file(out / "fold_0" / "slices" / "best.safetensors")
    kept = load_file(model.weights("slices"))
    assert best.keys() == kept.keys()
    assert all(torch.allclose(best[key], kept[key].float(), atol=1e-3) for key in best)
    stage = model.manifest.stages["slices"]
    assert (stage.patch, stage.windows) == (STAGE.patch, STAGE.windows)
    assert stage.input is not None
    assert stage.input.window_step == STAGE.window_step
    assert stage.input.own_spacing
    assert stage.spacing_mm == (5.0, 4.0, 4.0), "of the training scans"
    assert model.manifest.metrics["validation_dice"].keys() == {"tiny-fold0"}


def test_what_a_person_says_of_the_data_stands_in_the_model(out: Path, tmp_path: Path) -> None:
    command = ["export", str(out / "fold_1"), "-o", str(tmp_path / "m"), "--id", "mine", "--licence", "CC0"]
    assert main([*command, "--data-source", "Heads", "Nobody 2026", "CC BY 4.0"]) == 0
    manifest = ModelFolder.open(tmp_path / "m").manifest
    assert (manifest.id, manifest.licence, manifest.citation) == ("mine", "CC0", "Nobody, For tests")
    assert manifest.training.data[0].licence == "CC BY 4.0"


def test_what_is_said_of_a_model_folder_is_not_lost_in_another_form(
    model: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", str(model.path), "-o", str(tmp_path / "b"), "--format", "bundle"]
    assert main([*command, "--licence", "CC0"]) != 0, "the model says another licence"
    assert not (tmp_path / "b").exists()
    assert main(command) == 0
    assert capsys.readouterr().out == f"bundle in {tmp_path / 'b'}\n"


def test_an_ensemble_takes_the_best_folds(out: Path, tmp_path: Path) -> None:
    folds = [out / "fold_0", out / "fold_1"]
    manifest = export(folds, tmp_path / "both", method="mean")
    assert manifest.recipe == "mean"
    assert manifest.members == (("m00-slices",), ("m01-slices",))
    dice = manifest.metrics["validation_dice"]
    best = export(folds, tmp_path / "best", best=1)
    assert best.recipe == "stages"
    assert list(best.metrics["validation_dice"]) == [max(dice, key=dice.get)]


def test_ensembles_of_recipes_with_long_names_have_ids_of_their_own(out: Path, tmp_path: Path) -> None:
    fold = tmp_path / "fold_0"
    shutil.copytree(out / "fold_0", fold)
    record = json.loads((fold / "fold.json").read_text())
    record["recipe"]["name"] = "inception_resnet_v2_" * 5
    (fold / "fold.json").write_text(json.dumps(record))
    both, vote = (export([fold] * 2, tmp_path / way, method=way).id for way in ("mean", "half_ratio"))
    three = export([fold] * 3, tmp_path / "three", method="mean").id
    assert len({both, vote, three}) == 3
    assert both.endswith("-mean-of-2") and len(both) <= 64


def test_trainings_of_the_same_fold_are_told_apart(out: Path, tmp_path: Path) -> None:
    manifest = export([out / "fold_0", out / "fold_1", out / "fold_0"], tmp_path / "m", method="mean")
    names = ["tiny-fold0", "tiny-fold1", "tiny-fold0 (2)"]
    assert list(manifest.metrics["validation_dice"]) == names
    assert all(name in manifest.description for name in names)


def test_an_ensemble_takes_as_many_folds_as_its_recipe_says(out: Path, tmp_path: Path) -> None:
    folds = [tmp_path / "fold_0", tmp_path / "fold_1"]
    for folder in folds:
        shutil.copytree(out / folder.name, folder)
        record = json.loads((folder / "fold.json").read_text())
        record["recipe"]["ensemble"]["best"] = 1
        (folder / "fold.json").write_text(json.dumps(record))
    assert export(folds, tmp_path / "one").recipe == "stages"
    assert len(export(folds, tmp_path / "both", best=2).members) == 2


@pytest.mark.parametrize(("members", "many", "few"), [(15, 7, 1), (5, 2, 1), (2, 1, 1), (16, 8, 1)])
def test_the_votes_of_other_numbers_of_models_are_scaled(
    out: Path, tmp_path: Path, members: int, many: int, few: int
) -> None:
    manifest = export([out / "fold_0"] * members, tmp_path / "m", About(id="votes"), "half_ratio")
    assert manifest.inference["many_votes"] == many
    assert manifest.inference["few_votes"] == few
    assert manifest.inference["half_ratio_threshold"] == 0.5


def test_an_untrained_fold_cannot_be_exported_and_a_model_is_not_overwritten_unasked(
    out: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="trained fold"):
        export([tmp_path], tmp_path / "m")
    export([out / "fold_0"], tmp_path / "m")
    with pytest.raises(OutputExistsError):
        export([out / "fold_0"], tmp_path / "m")
    export([out / "fold_0"], tmp_path / "m", overwrite=True)


def test_torchscript_answers_as_the_model(model: ModelFolder, tmp_path: Path) -> None:
    export_as("torchscript", model.path, tmp_path / "graph")
    image = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    loaded = torch.jit.load(tmp_path / "graph" / "slices.ts")
    assert torch.allclose(loaded(image), logits(model, image), atol=1e-5)
    told = json.loads((tmp_path / "graph" / "networks.json").read_text())
    assert told["graphs"]["slices"] == {
        "file": "slices.ts", "input": [1, 1, 32, 32], "activation": "softmax",
    }  # fmt: skip


def test_onnx_answers_as_the_model_for_any_batch(out: Path, model: ModelFolder, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime: Any = pytest.importorskip("onnxruntime")
    export_as("onnx", out / "fold_0", tmp_path / "graph")
    session = runtime.InferenceSession(str(tmp_path / "graph" / "slices.onnx"))
    image = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    (found,) = session.run(None, {"image": image.numpy()})
    assert np.allclose(found, logits(model, image).numpy(), atol=1e-4)


def test_a_monai_bundle_builds_the_network_and_segments_a_scan(
    data: Path, model: ModelFolder, tmp_path: Path
) -> None:
    from monai.bundle import ConfigParser

    bundle = tmp_path / "bundle"
    export_as("bundle", model.path, bundle)
    parser = ConfigParser()
    parser.read_config(bundle / "configs" / "inference.json")
    parser.read_meta(bundle / "configs" / "metadata.json")
    network = parser.get_parsed_content("network_def_slices")
    network.load_state_dict(torch.load(bundle / "models" / "slices.pt", weights_only=True))
    image = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(network.eval()(image), logits(model, image))
    parser["bundle_root"] = str(bundle)
    parser["scan"] = str(data.parent / "raw" / "images" / "c0.nii.gz")
    parser["output_dir"] = str(tmp_path / "out")
    parser.get_parsed_content("run", expr=True)
    assert (tmp_path / "out" / "c0" / "segmentation.nii.gz").is_file()
    assert parser["_meta_#network_data_format#inputs#image#num_channels"] == 1


def test_the_command_that_a_bundles_readme_tells_segments_a_scan(
    data: Path, model: ModelFolder, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    export_as("bundle", model.path, bundle)
    readme = (bundle / "docs" / "README.md").read_text("utf-8")
    (told,) = re.findall(r"`python (-m monai\.bundle[^`]+)`", readme)
    places = {"CT.nii.gz": str(data.parent / "raw" / "images" / "c0.nii.gz"), "OUT": str(tmp_path / "out")}
    command = [sys.executable, *(places.get(word, word) for word in told.split())]
    done = subprocess.run(command, cwd=bundle, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "c0" / "segmentation.nii.gz").is_file()


def test_asking_for_help_is_quick_enough_to_load_no_torch() -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
        "from Training.cli import main; main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "cross-validate" in done.stdout
    assert not {"torch", "monai", "lightning_fabric"} & set(done.stdout.split("\n")[-2].split())
