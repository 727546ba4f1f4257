"""The worker that stays: what it answers, how a request is ended, and how the worker ends."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeSegmenter, head, write_nifti

from ICHSegmentationLib import models
from ICHSegmentationLib.cancellation import cancellable, checkpoint
from ICHSegmentationLib.cli import main
from ICHSegmentationLib.cli.serve_local import carry_out
from ICHSegmentationLib.errors import CancelledError, InputError, NoHeadError
from ICHSegmentationLib.events import Done, Failed, Listener, parse_line
from ICHSegmentationLib.pipeline import path
from ICHSegmentationLib.service import Inbox, Request, lines_of, serve, serving

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 300.0

Events = list[dict[str, Any]]


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    return write_nifti(tmp_path / "ct.nii.gz", head())


@pytest.fixture
def no_network(a_model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    """A threshold instead of a network."""
    segmenter = FakeSegmenter(models.find(a_model_folder))
    monkeypatch.setattr(path, "load_segmenter", lambda settings: segmenter)
    return segmenter


def line(request_id: str | None, command: str, *arguments: object) -> str:
    return json.dumps({"id": request_id, "command": command, "arguments": [str(word) for word in arguments]})


def answers(lines: Iterator[str] | list[str], work: Callable[[Request, Listener], int] = carry_out) -> Events:
    """What a worker says to these lines, until they end."""
    out = io.StringIO()
    assert serve(Inbox(lines), work, out, LONG_S) == 0
    return [json.loads(text) for text in out.getvalue().splitlines()]


def done(events: Events) -> list[tuple[str | None, int]]:
    return [(event["id"], event["exit_code"]) for event in events if event["event"] == "done"]


def without_times(folder: Path) -> dict[str, Any]:
    measured = json.loads((folder / "measurements.json").read_text("utf-8"))
    return {key: value for key, value in measured.items() if key not in ("timings_s", "peak_memory_mb")}


def test_an_answer_is_what_the_command_line_tells_and_writes(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", str(a_ct), "-o", str(tmp_path / "alone"), "--events", "jsonl"]) == 0
    alone = [json.loads(text) for text in capsys.readouterr().out.splitlines()][1:]
    told = answers([line("7", "segment", a_ct, "-o", tmp_path / "served")])
    assert {event["id"] for event in told} == {"7"}
    assert told[-1] == {"event": "done", "exit_code": 0, "id": "7"}
    assert len(told) == len(alone) + 1
    for event, expected in zip(told[:-2], alone, strict=False):
        assert event == {**expected, "id": "7"}
    assert told[-2]["event"] == alone[-1]["event"] == "result"
    served, written = tmp_path / "served" / "ct", tmp_path / "alone" / "ct"
    assert without_times(served) == without_times(written)
    for name in ("segmentation.nii.gz", "preview.png"):
        assert (served / name).read_bytes() == (written / name).read_bytes()


def test_an_error_of_one_request_ends_no_other(a_ct: Path, no_network: FakeSegmenter, tmp_path: Path) -> None:
    air = write_nifti(tmp_path / "air.nii.gz", head() * 0 - 1000)
    out = ["-o", tmp_path / "out"]
    no_network.during = lambda: print("a library that prints")  # noqa: T201
    told = answers(
        [
            line("air", "segment", air, *out),
            line("no output folder", "segment", a_ct),
            line("another command", "doctor"),
            "no request",
            line("bad setting", "segment", a_ct, *out, "--threads", 0),
            "",
            line("good", "segment", a_ct, *out),
        ]
    )
    assert done(told) == [
        ("air", NoHeadError.exit_code),
        ("no output folder", InputError.exit_code),
        ("another command", InputError.exit_code),
        (None, InputError.exit_code),
        ("bad setting", InputError.exit_code),
        ("good", 0),
    ]
    failed = {event["id"]: event["message"] for event in told if event["event"] == "failed"}
    assert "-o/--output" in failed["no output folder"]
    assert "'doctor'" in failed["another command"]
    assert "at least one thread" in failed["bad setting"]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"command": "segment"}',
        '{"id": 5, "command": "segment"}',
        '{"id": "5"}',
        '{"id": "5", "command": "segment", "arguments": "ct.nii.gz"}',
        '{"id": "5", "command": "segment", "arguments": [5]}',
        '{"id": "5", "command": "segment", "arguments": ["ct.nii", "a\\u0000b"]}',
        pytest.param(
            '{"id": "5", "command": "segment", "arguments": ["\\ud800"]}',
            marks=pytest.mark.skipif(sys.platform == "win32", reason="names of files may hold it there"),
        ),
        '{"id": "5", "command": "segment", "input": "ct.nii.gz"}',
    ],
)
def test_a_line_that_is_no_request_is_refused_with_a_sentence(text: str) -> None:
    refused, ended = answers([text], lambda request, listen: 1 / 0)
    assert refused["message"].startswith("Expected")
    assert refused["code"] == InputError.code
    assert ended["exit_code"] == InputError.exit_code
    assert refused["id"] == ended["id"] == ("5" if '"id": "5"' in text else None)


class Slow:
    """Work that stops at checkpoints only; lines that cancel it come once it has begun."""

    def __init__(self, *lines: str) -> None:
        self.begun = threading.Event()
        self._lines = lines

    def lines(self, *first: str) -> Iterator[str]:
        yield from first
        assert self.begun.wait(LONG_S)
        yield from self._lines

    def __call__(self, request: Request, listen: Listener) -> int:
        self.begun.set()
        pause = threading.Event()
        try:
            for _ in range(int(LONG_S * 100)):
                checkpoint()
                pause.wait(0.01)
        except CancelledError as error:
            listen(Failed("ct", error.code, error.message))
            return error.exit_code
        return 0


def test_a_request_in_work_is_cancelled_and_the_next_one_is_carried_out() -> None:
    slow = Slow(line("1", "cancel"), line("2", "measure"), line("2", "cancel"), line("9", "cancel"))
    told = answers(slow.lines(line("1", "segment")), slow)
    assert done(told) == [("1", 130), ("2", 130)]
    assert [event["code"] for event in told if event["event"] == "failed"] == ["cancelled"] * 2


def test_quit_cancels_what_is_in_work_and_what_waits() -> None:
    slow = Slow('{"command": "quit"}', line("3", "segment"))
    told = answers(slow.lines(line("1", "segment"), line("2", "segment")), slow)
    assert done(told) == [("1", 130), ("2", 130)]


def test_a_cancelled_segmentation_leaves_an_earlier_result_as_it_was(
    a_ct: Path, no_network: FakeSegmenter, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert done(answers([line("1", "segment", a_ct, "-o", out)])) == [("1", 0)]
    before = {file.name: file.read_bytes() for file in (out / "ct").iterdir()}
    begun, cancelled = threading.Event(), threading.Event()

    def lines() -> Iterator[str]:
        yield line("2", "segment", a_ct, "-o", out, "--overwrite")
        assert begun.wait(LONG_S)
        yield line("2", "cancel")
        cancelled.set()  # only once the line before was read
        yield ""

    def until_cancelled() -> None:
        begun.set()
        assert cancelled.wait(LONG_S)

    no_network.during = until_cancelled
    told = answers(lines())
    assert done(told) == [("2", CancelledError.exit_code)]
    assert told[-2]["code"] == "cancelled"
    assert {file.name: file.read_bytes() for file in (out / "ct").iterdir()} == before
    assert [folder.name for folder in out.iterdir()] == ["ct"]


def test_an_id_is_refused_until_its_answer_has_come() -> None:
    slow = Slow(line("1", "measure"), line("1", "cancel"))
    assert done(answers(slow.lines(line("1", "segment")), slow)) == [("1", 130), (None, 10)]
    assert done(answers([line("1", "segment")], lambda request, listen: 0)) == [("1", 0)]


def test_a_request_that_a_signal_ended_ends_the_worker() -> None:
    out = io.StringIO()
    lines = [line("1", "segment"), line("2", "segment")]
    code = serve(Inbox(lines), lambda request, listen: CancelledError.exit_code, out, LONG_S)
    assert code == CancelledError.exit_code
    assert [parse_line(text) for text in out.getvalue().splitlines()] == [Done(130)]


def test_a_worker_that_nobody_asks_ends_by_itself() -> None:
    reading, writing = os.pipe()
    try:
        assert serve(Inbox(lines_of(reading)), carry_out, io.StringIO(), idle_s=0.05) == 0
    finally:
        os.close(writing)


def test_a_worker_gives_back_memory_after_each_request_and_once_more_when_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened = []
    rested = threading.Event()
    monkeypatch.setattr(serving, "_REST_S", 0.0)
    monkeypatch.setattr(serving, "_WINK_S", 0.01)
    monkeypatch.setattr(serving, "give_back_memory", lambda: happened.append("given back"))

    def rest() -> None:
        happened.append("rested")
        rested.set()

    def lines() -> Iterator[str]:
        assert rested.wait(LONG_S)
        yield line("1", "segment")

    monkeypatch.setattr(serving, "rest", rest)
    assert done(answers(lines(), lambda request, listen: 0)) == [("1", 0)]
    assert happened[:2] == ["rested", "given back"]
    assert happened.count("rested") <= 2  # once in each pause


def test_lines_are_put_together_out_of_pieces_that_end_anywhere() -> None:
    reading, writing = os.pipe()
    text = '{"id": "Schädel"}\nsecond\nthe last, unfinished'
    for byte in text.encode():
        os.write(writing, bytes([byte]))
    os.close(writing)
    assert list(lines_of(reading)) == text.split("\n")
    os.close(reading)


def test_a_checkpoint_does_nothing_where_nobody_can_cancel() -> None:
    checkpoint()
    with pytest.raises(CancelledError), cancellable(lambda: True):
        checkpoint()
    checkpoint()


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ICHSegmentationLib", "serve", "--local", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def test_a_real_worker_names_its_process_and_ends_with_its_input(a_ct: Path, tmp_path: Path) -> None:
    process = start()
    mask = write_nifti(tmp_path / "mask.nii.gz", (head() == 70).astype("uint8"))
    out, err = process.communicate(line("1", "measure", a_ct, mask, "-o", tmp_path / "out"), timeout=LONG_S)
    told = [json.loads(text) for text in out.splitlines()]
    assert process.returncode == 0, err
    assert told[0] == {"event": "process", "pid": process.pid}
    assert done(told) == [("1", 0)]
    assert (tmp_path / "out" / "ct" / "measurements.json").exists()


def test_a_real_worker_ends_on_quit_while_its_input_stays_open() -> None:
    with start() as process:
        assert process.stdin is not None
        process.stdin.write('{"command": "quit"}\n')
        process.stdin.flush()
        assert process.wait(timeout=LONG_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_real_worker_ends_when_it_is_idle() -> None:
    with start("--idle-minutes", "0.001") as process:
        assert process.wait(timeout=LONG_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
