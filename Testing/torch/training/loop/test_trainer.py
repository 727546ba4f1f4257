import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_training import CPU, STAGE, run, weights, write_cases

from ICHSegmentationLib.errors import InputError
from Training.datasets import Case
from Training.loop import trainer
from Training.loop.checkpoint import BEST, LAST
from Training.loop.log import LOG, read_log


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return write_cases(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def undisturbed(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, cases)
    return folder / STAGE.name


def same_weights(one: Path, two: Path) -> bool:
    last, best = (weights(one), weights(two)), (load_file(one / BEST), load_file(two / BEST))
    return all(a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a) for a, b in (last, best))


def test_the_loss_falls_and_the_validation_dice_rises(cases: list[Case], tmp_path: Path):
    run(tmp_path, cases, replace(STAGE, epochs=6, iterations_per_epoch=10))
    told = read_log(tmp_path / STAGE.name)
    assert [line["epoch"] for line in told] == list(range(6))
    assert told[-1]["loss"] < told[0]["loss"] / 2
    assert max(line["dice"] for line in told) > 0.7
    assert 0 <= told[0]["waiting_share"] <= 1
    assert told[0]["patches_per_s"] > 0
    assert list((tmp_path / STAGE.name / "tensorboard").iterdir())


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    cases: list[Case], undisturbed: Path, tmp_path: Path
):
    run(tmp_path / "again", cases)
    assert same_weights(tmp_path / "again" / STAGE.name, undisturbed)
    run(tmp_path / "other", cases, options=replace(CPU, seed=5))
    assert not same_weights(tmp_path / "other" / STAGE.name, undisturbed)


class Killed(BaseException):
    """Ends a training where a kill would: nothing in the loop may catch it."""


@pytest.mark.parametrize("where", ["before the save", "after the save", "within an epoch", "in validation"])
def test_a_training_that_died_anywhere_goes_on_to_the_same_weights(
    cases: list[Case], undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    calls = 0

    def dying(function: Any, at: int, after: bool = False) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at and not after:
                raise Killed
            result = function(*args, **kwargs)
            if calls == at:
                raise Killed
            return result

        return called

    with monkeypatch.context() as patched:
        if where == "within an epoch":
            patched.setattr(trainer, "learning_rate", dying(trainer.learning_rate, 6))
        elif where == "in validation":
            patched.setattr(trainer, "mean_dice", dying(trainer.mean_dice, 2))
        else:
            patched.setattr(trainer, "save_last", dying(trainer.save_last, 2, where == "after the save"))
        with pytest.raises(Killed):
            run(tmp_path, cases)
    run(tmp_path, cases)
    assert same_weights(tmp_path / STAGE.name, undisturbed)
    assert untimed(tmp_path / STAGE.name) == untimed(undisturbed), "the log tells each epoch once"


def untimed(folder: Path) -> list[dict[str, Any]]:
    timed = {"seconds", "waiting_share", "patches_per_s"}
    return [{k: v for k, v in line.items() if k not in timed} for line in read_log(folder)]


def test_a_save_within_an_epoch_goes_on_identically(
    cases: list[Case], undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    options = replace(CPU, save_every_s=0.0)
    real = trainer.save_last

    def save_and_die(folder: Path, state: dict[str, Any]) -> None:
        real(folder, state)
        if state["progress"]["step"] == 5:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "save_last", save_and_die)
        with pytest.raises(Killed):
            run(tmp_path, cases, options=options)
    assert torch.load(tmp_path / STAGE.name / LAST, weights_only=True)["progress"]["step"] == 5
    run(tmp_path, cases)
    assert same_weights(tmp_path / STAGE.name, undisturbed)
    assert untimed(tmp_path / STAGE.name) == untimed(undisturbed)


def test_a_line_of_the_log_that_a_kill_cut_short_is_written_anew(
    cases: list[Case], undisturbed: Path, tmp_path: Path
):
    folder = tmp_path / STAGE.name
    shutil.copytree(undisturbed, folder)
    state = torch.load(folder / LAST, weights_only=True)
    with (folder / LOG).open("a") as stream:
        stream.write('{"epoch": 4, "lo')
    assert len(read_log(folder)) == 4
    assert run(tmp_path, cases).step == state["progress"]["step"], "it was at its end and stays so"


def test_the_best_weights_are_those_of_the_best_validation(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scores = iter([0.2, 0.6, 0.6, 0.3])
    monkeypatch.setattr(trainer, "mean_dice", lambda *_: next(scores))
    after: list[dict[str, torch.Tensor]] = []
    real = trainer.save_last

    def remembered(folder: Path, state: dict[str, Any]) -> None:
        after.append({key: value.clone() for key, value in state["network"].items()})
        real(folder, state)

    monkeypatch.setattr(trainer, "save_last", remembered)
    progress = run(tmp_path, cases)
    assert (progress.best_dice, progress.best_epoch) == (0.6, 1)
    best = load_file(tmp_path / STAGE.name / BEST)
    assert all(torch.equal(best[key], after[1][key]) for key in best)
    assert not all(torch.equal(best[key], after[3][key]) for key in best)


def test_training_stops_when_validation_does_not_get_better(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scores = iter([0.2, 0.6, 0.5, 0.6, 0.7])
    monkeypatch.setattr(trainer, "mean_dice", lambda *_: next(scores))
    patient = replace(STAGE, epochs=5, early_stopping=2)
    progress = run(tmp_path, cases, patient)
    assert progress.stopped
    assert progress.step == 4 * STAGE.iterations_per_epoch
    assert run(tmp_path, cases, patient).step == progress.step, "it does not go on when asked again"


def test_a_folder_with_another_training_is_left_alone(cases: list[Case], undisturbed: Path, tmp_path: Path):
    shutil.copytree(undisturbed, tmp_path / STAGE.name)
    with pytest.raises(InputError, match="other settings"):
        run(tmp_path, cases, replace(STAGE, batch=1))
    with pytest.raises(InputError, match="other settings"):
        run(tmp_path, cases[1:])
    with pytest.raises(InputError, match="other settings"):
        run(tmp_path, [replace(cases[0], content="of a corrected mask"), *cases[1:]])
    assert same_weights(tmp_path / STAGE.name, undisturbed)


def test_without_cases_there_is_nothing_to_train(cases: list[Case], tmp_path: Path):
    with pytest.raises(InputError, match="found 0 and 1"):
        run(tmp_path, cases[-1:])
