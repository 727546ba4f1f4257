"""From a small data folder to a model folder that the library loads, by the documented command."""

import csv
import json
from dataclasses import replace
from functools import partial

import nibabel
import numpy as np
import pytest
import torch

import Training.default_model.__main__ as command
from ICHSegmentationLib.inference.cascade import Segmenter
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights
from Training.default_model.export import export
from Training.default_model.judge import judge
from Training.default_model.recipe import DEFAULT, OPEN, Copies
from Training.default_model.schedule import Schedule
from Training.sample_files import sample_files

COLUMNS = ["case", "split", "hemorrhage", "subtypes", "ich_slices"]
CASES = [
    ("masked/1", "train", "1", "IPH", ""),
    ("listed/1", "train", "0", "", ""),
    ("listed/2", "train", "1", "SDH", "6 7"),
    ("masked/2", "validation", "1", "IPH", ""),
    ("listed/3", "validation", "0", "", ""),
    ("listed/4", "validation", "1", "EDH", "6 7"),
]
AFFINE = np.diag([-1.5, -1.5, 8.0, 1.0])


def write_case(folder, name, bleeding):
    z, y, x = (np.indices((14, 150, 120)).T - (6.5, 74.5, 59.5)).T * np.array([8, 1.5, 1.5])[
        :, None, None, None
    ]
    head = np.sqrt((z / 60) ** 2 + (y / 95) ** 2 + (x / 76) ** 2)
    hu = np.where(head < 0.93, 35, np.where(head < 1, 1000, -1000)).astype(np.int16)
    blood = z**2 + (y - 10) ** 2 + (x - 20) ** 2 < 16**2
    if bleeding:
        hu[blood] = 65
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    nibabel.Nifti1Image(hu.transpose(2, 1, 0), AFFINE).to_filename(f"{path}_ct.nii.gz")
    if name.startswith("masked"):
        mask = blood.astype(np.uint8).transpose(2, 1, 0)
        nibabel.Nifti1Image(mask, AFFINE).to_filename(f"{path}_ich_silver.nii.gz")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "cases.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *CASES])
    for name, _, hemorrhage, _, _ in CASES:
        write_case(folder, name, hemorrhage == "1")
    return folder


def tiny(stage, spacing):
    return replace(
        stage,
        features=(2, 2, 2, 2, 2, 2, 2),
        spacing_mm=spacing,
        patch=(4, 64, 64),
        schedule=Schedule(steps=3, batch=2, warm_up=1),
    )


def small(recipe, *sources):
    stages = {
        "coarse": tiny(recipe.coarse, (8.0, 3.0, 3.0)),
        "fine": tiny(recipe.fine, (8.0, 1.5, 1.5)),
    }
    return replace(recipe, sources=sources, **stages)


def test_one_command_makes_a_model_and_its_page_of_results(data, tmp_path, monkeypatch):
    monkeypatch.setitem(command.RECIPES, "default", small(DEFAULT, "masked", "listed"))
    monkeypatch.setattr(command, "COPIES", {"clean": Copies(1, 1)})
    monkeypatch.setattr(command, "PHANTOMS", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    model = tmp_path / "model"
    assert command.main(["all", "--data", str(data), "--out", "run", "--model", str(model)]) == 0

    samples = set(sample_files(tmp_path / "run/samples/coarse"))
    painted = {"listed/1_copy0", "listed/1_small0", "phantom_0"}
    assert samples == {"masked/1", "listed/1", "listed/2", *painted}
    mask = Segmenter(ModelFolder.open(model), "cpu")(read_ct(data / "masked/2_ct.nii.gz")).mask
    assert mask.voxels.shape == (14, 150, 120)

    rows = json.loads((tmp_path / "run/evaluation/cases.json").read_text())
    assert [row["case"] for row in rows] == ["masked/2", "listed/3", "listed/4"]
    page = (tmp_path / "docs/results.md").read_text()
    assert all(row["case"] in page for row in rows)
    assert "silver" in page
    assert "learned from no scan of this collection" not in page

    manifest = json.loads((model / "model.json").read_text())
    manifest["training"]["data"] = OPEN.manifest["training"]["data"]
    (model / "model.json").write_text(json.dumps(manifest))
    assert command.main(["evaluate", "--data", str(data), "--out", "run", "--model", str(model)]) == 0
    assert "learned from no scan of this collection" in (tmp_path / "docs/results.md").read_text()


def test_the_training_scans_judge_a_model(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "judge", partial(judge, heads=0))
    assert command.main(["judge", "--data", str(data)]) == 0
    page = capsys.readouterr().out
    assert "| deep hematomas, mended silver masks | 1 | 0.9" in page
    assert "of 2 bleeding slices touched" in page
    assert "0 of 1 marked" in page


def test_a_training_starts_from_the_weights_of_a_model(data, tmp_path, monkeypatch):
    recipe = small(DEFAULT, "masked", "listed")
    monkeypatch.setitem(command.RECIPES, "default", recipe)
    monkeypatch.setattr(command, "COPIES", {})
    monkeypatch.setattr(command, "PHANTOMS", 0)
    model, out = tmp_path / "model", tmp_path / "run"
    model.mkdir()
    earlier = build(recipe.coarse.network)
    save_weights(earlier, model / "coarse.safetensors")
    assert command.main(["prepare", "--data", str(data), "--out", str(out)]) == 0
    still = replace(recipe.coarse, refinement=Schedule(steps=2, learning_rate=0.0, freeze_norm_at=0))
    monkeypatch.setitem(command.RECIPES, "default", replace(recipe, coarse=still))
    further = ["train", "--stage", "coarse", "--start", str(model), "--out", str(out)]
    assert command.main(further) == 0
    learned = torch.load(out / "coarse/checkpoint.pt", weights_only=True)["network"]
    load_weights(earlier, model / "coarse.safetensors")  # in half precision, as they were stored
    for name, value in earlier.state_dict().items():
        torch.testing.assert_close(learned[name], value, rtol=0, atol=0)


def test_what_was_learned_may_go_half_way_back_to_where_it_started(tmp_path):
    recipe, start, exported = small(DEFAULT, "masked"), tmp_path / "start", tmp_path / "model"
    start.mkdir()
    learned, known = {}, {}
    for stage in recipe.stages:
        network = build(stage.network)
        learned[stage.name] = {name: value.clone() for name, value in network.named_parameters()}
        average = torch.optim.swa_utils.AveragedModel(network)
        (tmp_path / stage.name).mkdir()
        torch.save({"average": average.state_dict()}, tmp_path / stage.name / "checkpoint.pt")
        known[stage.name] = build(stage.network)
        save_weights(known[stage.name], start / f"{stage.name}.safetensors")
    export(recipe, tmp_path, exported, start)
    for stage in recipe.stages:
        mean = build(stage.network)
        load_weights(mean, exported / f"{stage.name}.safetensors")
        earlier = dict(known[stage.name].named_parameters())
        for name, value in mean.named_parameters():
            expected = (learned[stage.name][name] + earlier[name]) / 2
            torch.testing.assert_close(value, expected, rtol=2e-3, atol=1e-3)  # kernels in half precision


def test_the_open_model_learns_from_no_scan_of_other_sources(data, tmp_path, monkeypatch):
    monkeypatch.setitem(command.RECIPES, "open", small(OPEN, "listed"))
    monkeypatch.setattr(command, "COPIES", {"clean": Copies(1, 0)})
    monkeypatch.setattr(command, "PHANTOMS", 0)
    assert command.main(["prepare", "--recipe", "open", "--data", str(data), "--out", str(tmp_path)]) == 0
    samples = set(sample_files(tmp_path / "samples/coarse"))
    assert samples == {"listed/1", "listed/1_copy0", "listed/2"}


def test_the_open_recipe_names_only_data_that_is_free_for_any_use():
    assert {source["licence"] for source in OPEN.manifest["training"]["data"]} == {"CC BY 4.0"}
    assert OPEN.sources == ("physionet_ct_ich",)
    assert "hematoma" not in OPEN.coarse.weights | OPEN.fine.weights
