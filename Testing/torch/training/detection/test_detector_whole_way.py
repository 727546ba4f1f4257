"""The published recipe from a prepared data set to a model folder, in its tiny size, by its commands."""

import json
from dataclasses import replace

import numpy as np
import pytest
from light_scans import data_folder

from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.models import ModelFolder
from Training.datasets import prepare
from Training.datasets.prepared import load_split
from Training.detection.__main__ import main
from Training.detection.predictions import read_predictions
from Training.detection.slices import SliceStore

SCANS = [
    ("physionet_ct_ich/1", "train", "", ""),
    ("physionet_ct_ich/2", "train", "SDH", "6 7"),
    ("physionet_ct_ich/3", "train", "", ""),
    ("physionet_ct_ich/4", "train", "EDH IPH", "6 7"),
]
TRAIN = ["--recipe", "al_fahim_detector_debug", "--device", "cpu"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with a prepared data set, a trained fold and its model."""
    root = tmp_path_factory.mktemp("detector")
    prepare(data_folder(root / "data", SCANS), root / "prepared", folds=2, processes=1)
    train = ["train", *TRAIN, "--data", str(root / "prepared"), "--fold", "1", "--out", str(root / "run")]
    assert main(train) == 0
    assert main(["export", str(root / "run/fold_1"), "--out", str(root / "model")]) == 0
    return root


def test_both_steps_and_the_end_to_end_training_were_taken(root):
    record = json.loads((root / "run/fold_1/fold.json").read_text())
    assert set(record["losses"]) == {"cnn", "sequence", "end_to_end"}
    assert all(0 < loss < 5 for loss in record["losses"].values())
    assert record["cases"] == {"training": 2, "validation": 2}


def test_every_validation_slice_is_predicted(root):
    rows = read_predictions([root / "run/fold_1/predictions.csv"])
    _, validation = load_split(root / "prepared", 1)
    assert {row.case for row in rows} == {case.name for case in validation}
    assert sum(row.flags[0] is True for row in rows) == 2


def test_the_model_in_use_says_what_the_training_said_of_the_same_scan(root):
    model = ModelFolder.open(root / "model")
    detector = Detector.open(model, "cpu", "torch")
    case = read_predictions([root / "run/fold_1/predictions.csv"])
    name = case[0].case
    wanted = (
        np.array([row.logits[0] for row in case if row.case == name])
        / model.manifest.inference["temperature"]
    )
    found = detector.detect(read_ct(root / f"data/{name}_ct.nii.gz")).of_slices("hemorrhage")
    assert found == pytest.approx(1 / (1 + np.exp(-wanted)), abs=5e-3)  # the training keeps images in 8 bits


def test_a_second_call_trains_nothing_again(root, monkeypatch):
    def never(*_, **__):
        raise AssertionError("trained again")

    for name in ("train_cnn", "train_sequence", "train_end_to_end"):
        monkeypatch.setattr(f"Training.detection.fold.{name}", never)
    table = root / "run/fold_1/predictions.csv"
    before = read_predictions([table])
    table.unlink()
    train = ["train", *TRAIN, "--data", str(root / "prepared"), "--fold", "1", "--out", str(root / "run")]
    assert main(train) == 0
    after = read_predictions([table])
    assert [row.logits for row in after] == [pytest.approx(row.logits, abs=1e-2) for row in before]


def test_another_training_in_the_same_folder_is_refused(root, capsys):
    train = ["train", *TRAIN, "--data", str(root / "prepared"), "--fold", "1", "--out", str(root / "run")]
    assert main([*train, "--seed", "7"]) == 10
    assert "another" in capsys.readouterr().err


def test_a_training_does_not_go_on_with_another_split(root, tmp_path, capsys):
    other = tmp_path / "prepared"
    prepare(root / "data", other, folds=2, seed=1, processes=1)
    assert load_split(other, 1) != load_split(root / "prepared", 1)
    assert main(["train", *TRAIN, "--data", str(other), "--fold", "1", "--out", str(root / "run")]) == 10
    assert "recipe, seed and data" in capsys.readouterr().err


def test_a_scan_whose_mask_was_corrected_is_prepared_anew(root, tmp_path):
    store, (case, *_) = SliceStore(tmp_path, 32), load_split(root / "prepared", 1)[0]
    assert store.scan(case).file == store.scan(case).file
    assert store.scan(replace(case, content="corrected")).file != store.scan(case).file


def test_the_tables_of_folds_are_judged_together(root, capsys):
    assert main(["evaluate", str(root / "run/fold_1/predictions.csv")]) == 0
    assert "AUC per slice" in capsys.readouterr().out


def test_an_unknown_recipe_names_the_known_ones(root, capsys):
    wrong = ["train", "--recipe", "x", "--data", str(root), "--out", str(root / "x")]
    assert main(wrong) == 10
    assert "al_fahim_detector_end_to_end" in capsys.readouterr().err
