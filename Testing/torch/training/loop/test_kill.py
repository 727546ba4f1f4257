"""kill -9 of a real training process, as a cluster or an empty battery would."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_training import STAGE, cases_in, material, write_cases

from Training.loop import trainer
from Training.loop.checkpoint import BEST, LAST
from Training.loop.fabric import make_fabric
from Training.loop.log import read_log
from Training.loop.options import TrainOptions
from Training.loop.trainer import train_stage
from Training.recipes import StageRecipe

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = TrainOptions(accelerator="cpu", save_every_s=0.0)


def run(folder: Path) -> None:
    """Train on the heads of ``folder``, which a second run finds as the first one wrote them."""
    cases = cases_in(folder / "data", 4) if (folder / "data").is_dir() else write_cases(folder / "data")
    train_stage(STAGE, material(folder, cases), folder / STAGE.name, OPTIONS, make_fabric(OPTIONS))


def run_and_hang(folder: Path) -> None:
    """Train until the middle of the third epoch, tell so, and never go on."""
    real, calls = trainer.learning_rate, itertools.count(1)

    def hangs(stage: StageRecipe, epoch: int) -> float:
        if next(calls) == 10:  # one call a step, and one more at the end of each epoch
            (folder / "hangs").touch()
            time.sleep(3600)
        return real(stage, epoch)

    trainer.learning_rate = hangs
    run(folder)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    code = f"import test_kill; test_kill.run_and_hang(test_kill.Path({str(folder)!r}))"
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_training_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    run(tmp_path / "undisturbed")
    killed = tmp_path / "killed"
    process = start(killed)
    try:
        while not (killed / "hangs").exists():
            assert process.poll() is None, "the training ended before it could be killed"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    run(killed)
    folders = [folder / STAGE.name for folder in (killed, tmp_path / "undisturbed")]
    last, whole = (torch.load(folder / LAST, weights_only=True) for folder in folders)
    assert last["progress"] == whole["progress"]
    assert all(torch.equal(last["network"][key], whole["network"][key]) for key in whole["network"])
    best, expected = (load_file(folder / BEST) for folder in folders)
    assert all(torch.equal(best[key], expected[key]) for key in expected)
    assert [line["epoch"] for line in read_log(killed / STAGE.name)] == list(range(STAGE.epochs))
