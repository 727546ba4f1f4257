"""What a batch takes its workers' connections for: a pipe's ends are of another class on Windows."""

import multiprocessing
import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from batch_stub import load_stub, write_scan
from test_batch_run import DEFAULT, settings, table

from ICHSegmentationLib.batch import BatchOptions, batch, run_batch

_OF_A_CLASS = ("__dict__", "__weakref__", "__doc__", "__module__")
OfWindows = type(
    "OfWindows",
    Connection.__bases__,
    {name: value for name, value in vars(Connection).items() if name not in _OF_A_CLASS},
)
"""As ``PipeConnection`` there: it does what ``Connection`` does, and is none."""


def test_workers_are_heard_through_connections_of_another_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = multiprocessing.Pipe

    def pipe_of_windows() -> tuple[object, object]:
        here, there = pipe()
        with here:
            return OfWindows(os.dup(here.fileno())), there

    monkeypatch.setattr(multiprocessing, "Pipe", pipe_of_windows)
    write_scan(tmp_path / "in" / "a.nii.gz")
    run_batch(tmp_path / "in", tmp_path / "out", settings(DEFAULT), BatchOptions(workers=1), load=load_stub)
    assert table(tmp_path / "out")["a"]["status"] == "done"


def test_no_more_workers_start_than_the_system_can_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes, pipe = [], multiprocessing.Pipe
    monkeypatch.setattr(multiprocessing, "Pipe", lambda: pipes.append(pipe()) or pipes[-1])
    monkeypatch.setattr(batch, "MOST_WORKERS", 1)
    for name in ("a", "b", "c"):
        write_scan(tmp_path / "in" / f"{name}.nii.gz")
    run_batch(tmp_path / "in", tmp_path / "out", settings(DEFAULT), BatchOptions(workers=3), load=load_stub)
    assert {row["status"] for row in table(tmp_path / "out").values()} == {"done"}
    assert len(pipes) == 1
