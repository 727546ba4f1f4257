"""Patches that networks take, and those that they do not."""

from pathlib import Path

import pytest
from small_training import prepared

from ICHSegmentationLib.errors import InputError
from Training.cli import main
from Training.loop.fitting_patch import misfit, require_fit
from Training.recipes import recipe, recipes


@pytest.mark.parametrize("name", [*recipes()])
def test_every_recipes_networks_take_their_patches(name: str):
    assert [misfit(stage) for stage in recipe(name).stages] == [""] * len(recipe(name).stages)


def test_a_patch_that_cannot_be_halved_as_often_is_refused_by_name():
    stage = recipe("xu_cascade").stages[0].with_patch((16, 160, 160))
    with pytest.raises(InputError, match=r"'coarse'.*16 x 160 x 160 voxels in batches of 2"):
        require_fit(stage)


def test_a_patch_is_refused_before_anything_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, out = prepared(tmp_path), tmp_path / "run"
    command = ["train", "--recipe", "qayyum_coarse_fine_debug", "--data", str(data), "-o", str(out)]
    assert main([*command, "--accelerator", "cpu", "--workers", "0", "--patch", "9", "32", "64"]) == 10
    told = capsys.readouterr().err
    assert "'fine'" in told and "9 x 32 x 64" in told
    assert not (out / "fold_0").exists()


def test_a_smaller_patch_of_the_command_line_trains_slices_and_volumes(tmp_path: Path):
    """The windows of the first stage would move farther than this patch."""
    data = prepared(tmp_path)
    command = [
        "train",
        "--recipe",
        "qayyum_coarse_fine_debug",
        "--data",
        str(data),
        "-o",
        str(tmp_path / "o"),
    ]
    smaller = ["--epochs", "1", "--iterations", "1", "--patch", "32", "64", "32"]
    assert main([*command, "--accelerator", "cpu", "--workers", "0", *smaller]) == 0
