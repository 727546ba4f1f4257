"""What a running training tells: a bar on a terminal, TensorBoard, and a line of JSON an epoch."""

import io
import json
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from Training.loop.log import LOG, TrainLog


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(folder: Path, first: bool = True) -> None:
    """Two epochs of three steps, the second one with a Dice."""
    folder.mkdir(exist_ok=True)
    with TrainLog(folder, "coarse", 0, 0, 6, first) as log:
        for epoch, numbers in enumerate(({"loss": 0.75}, {"loss": 0.5, "dice": 0.25})):
            for _ in range(3):
                log.step()
            log.epoch(epoch=epoch, **numbers)


def test_tensorboard_and_the_lines_tell_the_same_numbers(tmp_path: Path) -> None:
    told(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text("utf-8").splitlines()]
    assert lines == [{"epoch": 0, "loss": 0.75}, {"epoch": 1, "loss": 0.5, "dice": 0.25}]
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {tag: [(e.step, e.value) for e in board.Scalars(tag)] for tag in board.Tags()["scalars"]} == {
        "loss": [(0, 0.75), (1, 0.5)],
        "dice": [(1, 0.25)],
    }


def test_a_terminal_shows_a_bar_with_the_stage_its_steps_and_the_last_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    told(tmp_path)
    shown = terminal.getvalue().split("\r")[-1]
    assert "coarse: 100%" in shown and "6/6" in shown
    assert "loss=0.5" in shown and "dice=0.25" in shown


@pytest.mark.parametrize("first", [True, False])
def test_a_file_gets_no_bar_and_only_the_first_process_writes(
    first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO() if first else Terminal())
    told(tmp_path, first)
    assert stream.getvalue() == ""
    assert (tmp_path / LOG).exists() == (tmp_path / "tensorboard").exists() == first
