"""Each of the five papers in tiny size on head CTs of patients, by its command."""

import csv
import json
import math
from pathlib import Path

import pytest

from Training.cli import main
from Training.datasets.prepare import prepare
from Training.loop.log import read_log
from Training.recipes import recipe

PAPERS = ["qayyum_coarse_fine", "zhao_cascade", "li_chen_nnunet", "al_fahim_unetpp", "xu_cascade"]


@pytest.fixture(scope="module")
def two_real_scans(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two training scans with a hemorrhage that have the fewest slices, prepared as two folds."""
    with (shared_data / "cases.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    bleeding = [row for row in rows if row["split"] == "train" and row["case"].startswith("phe_sich/")]
    few = sorted(bleeding, key=lambda row: (int(row["slices"]), row["case"]))[:2]
    folder = tmp_path_factory.mktemp("real")
    data = folder / "data"
    data.mkdir()
    with (data / "cases.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(few)
    (data / "phe_sich").symlink_to(shared_data / "phe_sich", target_is_directory=True)
    assert prepare(data, folder / "prepared", folds=2, processes=1).kept == 2
    return folder / "prepared"


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_trains_on_real_scans(name: str, two_real_scans: Path, tmp_path: Path) -> None:
    command = ["train", "--recipe", f"{name}_debug", "--data", str(two_real_scans), "-o", str(tmp_path)]
    assert main([*command, "--accelerator", "cpu", "--workers", "0", "--validate-every", "2"]) == 0
    fold = tmp_path / "fold_0"
    assert json.loads((fold / "fold.json").read_text())["cases"] == {"training": 1, "validation": 1}
    for stage in recipe(f"{name}_debug").stages:
        told = read_log(fold / stage.name)
        assert [epoch["epoch"] for epoch in told] == list(range(stage.epochs))
        assert all(math.isfinite(epoch["loss"]) and epoch["loss"] > 0 for epoch in told)
        assert (fold / stage.name / "best.safetensors").is_file()
    assert 0 <= json.loads((fold / "result.json").read_text())["dice"] <= 1
