"""A command that is killed or cancelled half-way."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import segment
from fakes import FakeSegmenter

from ICHSegmentationLib import errors
from ICHSegmentationLib.cli.failures import attempt, cancelled_by_signals

ROOT = Path(__file__).resolve().parents[2]


FAKES = Path(__file__).with_name("fakes.py")


def start_slow_run(ct: Path, model: Path, out: Path) -> subprocess.Popen[str]:
    """A real process that stands in the middle of a segmentation when this returns."""
    process = subprocess.Popen(
        [sys.executable, str(FAKES), "segment", str(ct), "-o", str(out), "--model", str(model),
         "--events", "jsonl", "--overwrite"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("stage") == "locate":
            return process
    raise AssertionError(process.communicate()[1])


def test_a_run_killed_half_way_leaves_nothing_under_the_final_name(
    a_ct: Path, a_model_folder: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    process = start_slow_run(a_ct, a_model_folder, tmp_path / "out")
    process.kill()
    process.communicate()
    assert not (tmp_path / "out" / "ct").exists()
    assert segment(a_ct, "-o", tmp_path / "out") == 0
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["ct"]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_run_says_so_and_leaves_nothing(
    a_ct: Path, a_model_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = start_slow_run(a_ct, a_model_folder, tmp_path / "out")
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == errors.CancelledError.exit_code
    assert json.loads(out.splitlines()[-1])["code"] == "cancelled"
    assert "Traceback" not in err
    assert not list((tmp_path / "out").iterdir())


def test_a_command_that_is_still_being_loaded_is_cancelled_quietly() -> None:
    code = (
        "import runpy, signal, sys\n"
        "class Presses:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'ICHSegmentationLib.cli.parser':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Presses())\n"
        "runpy.run_module('ICHSegmentationLib', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == errors.CancelledError.exit_code
    assert done.stderr.startswith("Error: The run was cancelled.")


def test_what_goes_on_after_errors_does_not_go_on_after_a_cancel() -> None:
    """Imports that may fail, and cases of which one may, among them."""

    def work() -> int:
        with suppress(Exception):
            signal.raise_signal(signal.SIGTERM)
        return 0

    with cancelled_by_signals():
        assert isinstance(attempt(work), errors.CancelledError)
