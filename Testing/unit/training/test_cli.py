"""What ``ichseg-train`` says, and where a data set does not have what is asked for."""

import json
import os
import subprocess
import sys

import pytest
from dataset_layouts import instance2022

from ICHSegmentationLib.errors import CancelledError, InputError
from Training.cli import main


def test_a_folder_in_letters_that_a_windows_pipe_cannot_hold_is_named(tmp_path):
    data, out = instance2022(tmp_path / "data"), tmp_path / "\u5c71\u7530"
    options = ["-o", str(out), "--folds", "2", "--processes", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "Training", "prepare", str(data), *options],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"instance2022: 2 cases in {out}, 0 of them held out")


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell that a pipe is broken from other errors")
def test_whoever_reads_the_output_may_go():
    """As ``head`` does: the work is done, and the exit code tells of it."""
    command = [sys.executable, "-u", "-m", "Training", "recipes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0
    assert not told


def test_a_command_that_is_still_being_loaded_is_cancelled_quietly():
    code = (
        "import runpy, signal, sys\n"
        "class Presses:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'argparse':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Presses())\n"
        "runpy.run_module('Training', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == CancelledError.exit_code
    assert done.stderr.startswith("Error: The run was cancelled.")


def test_an_evaluation_of_held_out_cases_needs_some(tmp_path, capsys):
    prepared, masks, out = (tmp_path / name for name in ("prepared", "masks", "out"))
    for folder in (prepared, masks):
        folder.mkdir()
    (prepared / "dataset.json").write_text(json.dumps({"folder": str(tmp_path)}))
    (prepared / "cases.csv").write_text("case,image,mask,patient\n")
    (prepared / "splits.json").write_text(json.dumps({"folds": [{"val": []}], "held_out": []}))
    asked = ["evaluate", str(masks), "--references", str(prepared), "-o", str(out), "--held-out"]
    assert main(asked) == InputError.exit_code
    told = capsys.readouterr().err
    assert "holds out no case" in told
    assert "Take --fold" in told
    assert not out.exists()
