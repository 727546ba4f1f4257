"""Hundreds of malformed inputs, read in a process of its own whose memory is limited.

Each case of :mod:`malformed` is a test of its own; the process is shared, and started again behind a case
that brought it down or kept it too long.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from malformed import CASES

LONGEST_S = 120
"""Without a word, after which the case at hand counts as endless; nothing here takes a second of CPU time."""

WORKER = Path(__file__).with_name("malformed_worker.py")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What the reader said to each case, by its name."""
    answers: dict[str, dict] = {}
    names = list(CASES)
    first = 0
    while first < len(names):
        lines, end = read_from(first, tmp_path_factory.mktemp("malformed"))
        answers |= {line["name"]: line for line in lines if "name" in line}
        begun = [line["begun"] for line in lines if "begun" in line]
        assert begun, f"The worker ended with {end} before its first case."
        if begun[-1] not in answers:
            answers[begun[-1]] = {"broken": f"the process ended with {end}"}
        first = names.index(begun[-1]) + 1
        assert end != 0 or first == len(names)
    return answers


def read_from(first: int, folder: Path) -> tuple[list[dict], int]:
    """Run the worker from this case on: the lines it wrote, and its exit code."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment["PYTHONPATH"] = os.pathsep.join([str(WORKER.parents[3]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(WORKER), str(folder), str(first)]
    lines: list[dict] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in iter(lambda: _line_in_time(process), ""):
            lines.append(json.loads(line))
    return lines, process.returncode


def _line_in_time(process: subprocess.Popen) -> str:
    """The next line of a process, which is ended where none comes."""
    watch = threading.Timer(LONGEST_S, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        return process.stdout.readline()
    finally:
        watch.cancel()


def test_there_are_hundreds_of_cases() -> None:
    assert len(CASES) >= 300


@pytest.mark.parametrize("name", CASES)
def test_it_ends_with_an_error_that_a_user_can_act_on(name: str, answers: dict[str, dict]) -> None:
    answer = answers[name]
    assert "broken" not in answer, answer["broken"]
    if CASES[name].may_be_read and "shape" in answer:
        assert len(answer["shape"]) == 3
        return
    assert "shape" not in answer, f"It was read as a volume of {answer['shape']}."
    assert answer["message"]
    assert answer["hint"]
