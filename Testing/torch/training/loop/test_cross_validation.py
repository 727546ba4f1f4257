"""Which folds are trained; how one is trained has tests of its own."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from small_training import CPU, RECIPE, prepared

from ICHSegmentationLib.errors import InputError
from Training.loop import cross_validation
from Training.loop.cross_validation import SUMMARY, cross_validate
from Training.loop.fold import RECORD, RESULT, FoldResult, fold_folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("data"))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The folds that were asked for; nothing is trained, and each has a Dice of its number in tenths."""
    asked: list[int] = []

    def train(recipe: Any, prepared: Path, fold: int, out: Path, *_: Any) -> FoldResult:
        asked.append(fold)
        result = FoldResult(fold, fold / 10, 0)
        folder = fold_folder(out, fold)
        folder.mkdir(exist_ok=True)
        (folder / RECORD).write_text(json.dumps({"recipe": {"name": recipe.name}}))
        (folder / RESULT).write_text(json.dumps(asdict(result)))
        return result

    monkeypatch.setattr(cross_validation, "train", train)
    return asked


def test_all_folds_of_the_data_are_trained_and_another_number_of_the_papers_is_told(
    data: Path, tmp_path: Path, trained: list[int], caplog: pytest.LogCaptureFixture
):
    cross_validate(replace(RECIPE, folds=5), data, tmp_path, CPU)
    assert trained == [0, 1]
    assert "published with 5 folds; these data have 2" in caplog.text


def test_folds_that_are_trained_one_by_one_are_summed_up_together(
    data: Path, tmp_path: Path, trained: list[int]
):
    for fold in (1, 0):
        (result,) = cross_validate(RECIPE, data, tmp_path, CPU, [fold])
        assert result.fold == fold
    told = json.loads((tmp_path / SUMMARY).read_text())
    assert [fold["fold"] for fold in told["folds"]] == [0, 1]
    assert (told["dice_mean"], told["dice_std"]) == pytest.approx((0.05, 0.05))
    cross_validate(replace(RECIPE, name="another"), data, tmp_path, CPU, [1])
    assert [fold["fold"] for fold in json.loads((tmp_path / SUMMARY).read_text())["folds"]] == [1]


def test_no_fold_is_trained_where_one_is_none_of_the_datas(data: Path, tmp_path: Path, trained: list[int]):
    with pytest.raises(InputError, match="from 0 to 1, found 2, -1"):
        cross_validate(RECIPE, data, tmp_path, CPU, [0, 2, -1])
    with pytest.raises(InputError, match="found none"):
        cross_validate(RECIPE, data, tmp_path, CPU, [])
    assert trained == []
