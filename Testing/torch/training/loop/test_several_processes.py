"""Two processes under torchrun, joined by gloo on the CPU, against one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_training import RECIPE, STAGE, material, prepared, write_cases

from ICHSegmentationLib.errors import InputError
from Training.loop.checkpoint import LAST
from Training.loop.fabric import make_fabric
from Training.loop.fold import train
from Training.loop.log import read_log
from Training.loop.options import TrainOptions
from Training.loop.trainer import train_stage

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = TrainOptions(accelerator="cpu")
_SECOND = replace(STAGE, name="second", network={**STAGE.network, "in_channels": 2}, input_from=STAGE.name)
CASCADE = replace(RECIPE, name="tiny_cascade", stages=(STAGE, _SECOND))


def run(folder: Path) -> None:
    train(CASCADE, folder / "prepared", 0, folder / "runs", OPTIONS)


@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows comes without torchrun's rendezvous")
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    """Each takes half of every batch; their gradients are averaged."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import sys; from pathlib import Path; import test_several_processes\n"
        "test_several_processes.run(Path(sys.argv[1]))\n"
    )
    for name in ("one", "two"):
        prepared(tmp_path / name)
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(script), str(tmp_path / "two")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    run(tmp_path / "one")
    one, two = (tmp_path / name / "runs" / "fold_0" for name in ("one", "two"))
    for stage in CASCADE.stages:
        told = [read_log(fold / stage.name) for fold in (one, two)]
        assert [line["loss"] for line in told[1]] == pytest.approx(
            [line["loss"] for line in told[0]], abs=1e-2
        )
        assert len(told[1]) == stage.epochs, "only one process tells"
    last, last_of_two = (torch.load(fold / STAGE.name / LAST, weights_only=True) for fold in (one, two))
    assert last_of_two["progress"]["step"] == STAGE.epochs * STAGE.iterations_per_epoch
    for key, value in last["network"].items():
        assert torch.allclose(value, last_of_two["network"][key], atol=1e-4), key
    answered = [{path.name for path in (fold / STAGE.name / "answers").iterdir()} for fold in (one, two)]
    assert answered[0] == answered[1] and len(answered[0]) == 4, "they share the scans, and miss none"
    assert json.loads((two / "result.json").read_text())["fold"] == 0


def test_a_batch_that_cannot_be_shared_evenly_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = write_cases(tmp_path / "data")
    fabric = make_fabric(OPTIONS)
    monkeypatch.setattr(type(fabric), "world_size", 3)
    with pytest.raises(InputError, match="3 processes can share"):
        train_stage(STAGE, material(tmp_path, cases), tmp_path / "out", OPTIONS, fabric)
