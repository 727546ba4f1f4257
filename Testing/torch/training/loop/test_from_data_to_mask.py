"""From a data set to a mask, by the two commands alone, for each of the five papers in tiny size."""

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from small_training import prepared

from ICHSegmentationLib.cli import main as ichseg
from ICHSegmentationLib.models import ModelFolder
from Training.cli import main
from Training.recipes import recipe

PAPERS = ["qayyum_coarse_fine", "zhao_cascade", "li_chen_nnunet", "al_fahim_unetpp", "xu_cascade"]
SHAPE = (10, 72, 64)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a prepared data set, with its scans beside it."""
    return prepared(tmp_path_factory.mktemp("data"), shape=SHAPE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each recipe leaves its trained fold."""
    return tmp_path_factory.mktemp("runs")


def trained(name: str, data: Path, runs: Path) -> Path:
    """The folder of the recipe's first fold; trained once."""
    out = runs / name
    command = ["train", "--recipe", f"{name}_debug", "--data", str(data), "--fold", "0", "-o", str(out)]
    assert main([*command, "--accelerator", "cpu", "--workers", "0"]) == 0
    return out / "fold_0"


def segmented(model: Path, data: Path, out: Path) -> Path:
    """The result folder of the first scan."""
    scan = data.parent / "raw" / "images" / "c0.nii.gz"
    command = [
        "segment",
        str(scan),
        "--model",
        str(model),
        "-o",
        str(out),
        "--device",
        "cpu",
        "--uncertainty",
    ]
    assert ichseg(command) == 0
    return out / "c0"


def on_the_scans_grid(result: Path, data: Path, name: str) -> np.ndarray:
    image, scan = nib.load(result / name), nib.load(data.parent / "raw" / "images" / "c0.nii.gz")
    assert image.shape == scan.shape
    assert np.allclose(image.affine, scan.affine)
    return np.asarray(image.dataobj)


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_trains_exports_and_segments(name: str, data: Path, runs: Path, tmp_path: Path) -> None:
    fold = trained(name, data, runs)
    assert main(["export", str(fold), "-o", str(tmp_path / "model")]) == 0
    manifest = ModelFolder.open(tmp_path / "model").manifest
    assert manifest.recipe == "stages"
    assert list(manifest.stages) == [stage.name for stage in recipe(name).stages]
    result = segmented(tmp_path / "model", data, tmp_path / "out")
    mask, doubt = (on_the_scans_grid(result, data, f"{n}.nii.gz") for n in ("segmentation", "uncertainty"))
    assert set(np.unique(mask)) <= {0, 1}
    # After four steps nothing is sure, unless a coarse stage points to no region at all.
    assert doubt.max() > 0 or (name == "xu_cascade" and not mask.any())
    told = json.loads((result / "measurements.json").read_text())
    assert told["model"]["id"] == manifest.id
    assert "half_ratio" not in told["uncertainty"]


def test_folds_of_several_recipes_vote_as_one_model(data: Path, runs: Path, tmp_path: Path) -> None:
    folds = [trained(name, data, runs) for name in ("li_chen_nnunet", "al_fahim_unetpp")]
    model = tmp_path / "model"
    command = ["ensemble", *map(str, folds), "-o", str(model), "--method", "half_ratio", "--id", "votes"]
    assert main(command) == 0
    assert [len(names) for names in ModelFolder.open(model).manifest.members] == [1, 1]
    for fold in folds:
        shutil.rmtree(fold)  # the model needs nothing of them
    result = segmented(model, data, tmp_path / "out")
    told = json.loads((result / "measurements.json").read_text())
    assert 0 <= told["uncertainty"]["half_ratio"] <= 1
    doubt = on_the_scans_grid(result, data, "uncertainty.nii.gz")
    assert set(np.unique(doubt)) <= {0, 100}, "of two voters none, one or both"
    marked, one_voter = on_the_scans_grid(result, data, "segmentation.nii.gz") > 0, doubt == 100
    assert not marked[one_voter].any(), "more than one vote is needed of two"
    voted = np.count_nonzero(marked) + np.count_nonzero(one_voter)
    expected = np.count_nonzero(one_voter) / voted if voted else 0.0
    assert told["uncertainty"]["half_ratio"] == pytest.approx(expected)
