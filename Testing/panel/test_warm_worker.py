"""The process that stays between runs: with real processes, the service planned by the tests but for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6", reason="Qt is not here: pip install PySide6-Essentials")

from engines import SETTINGS, THE_LIBRARY, engine, is_alive, until, with_launcher
from ICHSegmentationSlicerLib.interpreter import Interpreter
from ICHSegmentationSlicerLib.outcome import Outcome
from ICHSegmentationSlicerLib.segment_command import (
    comparison_arguments,
    detection_arguments,
    segment_arguments,
)
from ICHSegmentationSlicerLib.warm_process import WarmProcess
from ICHSegmentationSlicerLib.worker import Worker
from PySide6.QtCore import QProcess, QTimer
from PySide6.QtWidgets import QApplication

from ICHSegmentationLib import events
from ICHSegmentationLib.cli.parser import parser
from ICHSegmentationLib.cli.serve_local import COMMANDS
from ICHSegmentationLib.settings import DetectionSettings

posix = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")

SERVICE = """
    if arguments[0] != 'serve':
        tell(event='warning', case='ct', message='alone')
        tell(event='result', case='ct')
        sys.exit()
    %s
    while line := sys.stdin.readline():
        asked = json.loads(line)
        if asked['command'] == 'quit':
            break
        def answer(**event):
            tell(**event, id=asked['id'])
        %s
        answer(event='warning', case='ct', message=json.dumps(asked))
        answer(event='result', case='ct')
        answer(event='done', exit_code=0)
"""
SLOW = """
        if asked['command'] == 'cancel':
            answer(event='failed', case='ct', code='cancelled', message='Cancelled.', hint='')
            answer(event='done', exit_code=130)
            continue
        answer(event='started', case='ct', input='ct.nii')
        if 'slow' in asked['arguments'][-1]:
            continue
"""


@dataclass
class Runs:
    """Runs one after the other with one warm process."""

    interpreter: Interpreter
    grace_ms: int = 20_000
    heard: list[events.Event] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warm = WarmProcess(QProcess)

    def begin(self, scan: str = "ct.nii") -> Worker:
        self.heard.clear()
        self.outcomes.clear()
        worker = Worker(
            QProcess,
            self.interpreter,
            self.heard.append,
            lambda milliseconds, work: QTimer.singleShot(self.grace_ms, work),
            self.outcomes.append,
            warm=self.warm,
        )
        worker.start(Path(scan).absolute(), Path("out").absolute(), SETTINGS)
        return worker

    def outcome(self) -> Outcome:
        until(lambda: bool(self.outcomes), 300)
        return self.outcomes[0]

    def run(self, scan: str = "ct.nii") -> Outcome:
        self.begin(scan)
        return self.outcome()

    def messages(self) -> list[str]:
        return [event.message for event in self.heard if isinstance(event, events.Warned)]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Any]:
    """Makes :class:`Runs` on a planned service: what it does first, and with each request."""
    QApplication.instance() or QApplication([])
    made: list[Runs] = []

    def make(request: str = "", first: str = "", **options: Any) -> Runs:
        code = SERVICE % (first.strip(), request.strip())
        made.append(Runs(engine(tmp_path, code), **options))
        return made[-1]

    yield make
    for each in made:
        pid = each.warm.pid
        each.warm.kill()
        until(lambda pid=pid: not pid or not is_alive(pid), 120)


def test_the_second_run_is_carried_out_by_the_process_of_the_first(runs: Any) -> None:
    kept = runs()
    assert kept.run().kind == "done"
    first = kept.warm.pid
    assert kept.run("other ct.nii").kind == "done"
    assert kept.warm.pid == first != 0
    assert "other ct.nii" in kept.messages()[0]


def test_what_is_asked_is_what_the_command_line_would_be_given(runs: Any) -> None:
    import json

    kept = runs()
    kept.run()
    asked = json.loads(kept.messages()[0])
    options = parser().parse_args([asked["command"], *asked["arguments"]])
    assert options.inputs == [Path("ct.nii").absolute()]
    assert options.output == Path("out").absolute()


def test_cancelling_ends_the_request_and_keeps_the_process(runs: Any) -> None:
    kept = runs(SLOW)
    worker = kept.begin("slow.nii")
    until(lambda: any(isinstance(event, events.Started) for event in kept.heard), 300)
    pid = kept.warm.pid
    worker.cancel()
    assert kept.outcome().kind == "cancelled"
    assert not worker.running
    assert kept.run().kind == "done"
    assert kept.warm.pid == pid


@posix
def test_a_process_that_does_not_heed_cancelling_is_ended_and_replaced(runs: Any) -> None:
    kept = runs(
        "answer(event='started', case='ct', input=''); 'slow' in line and time.sleep(600)", grace_ms=50
    )
    worker = kept.begin("slow.nii")
    until(lambda: bool(kept.heard), 300)
    pid = kept.warm.pid
    worker.cancel()
    assert kept.outcome().kind == "cancelled"
    until(lambda: not is_alive(pid), 120)
    assert kept.run().kind == "done"
    assert kept.warm.pid not in (0, pid)


def test_a_process_that_was_ended_before_it_had_started_is_replaced_too(runs: Any, tmp_path: Path) -> None:
    """As on a cold disk, where its libraries take longer to load than a user to think again."""
    flag = tmp_path / "started"
    kept = runs(grace_ms=50)
    main = kept.interpreter.library_folder / "ICHSegmentationLib" / "__main__.py"
    slow = f"from pathlib import Path\nflag = Path({str(flag)!r})\n"
    slow += "if not flag.exists():\n    import time; flag.touch(); time.sleep(600)\n"
    main.write_text(slow + main.read_text("utf-8"), encoding="utf-8")
    worker = kept.begin()
    until(flag.exists, 300)
    worker.cancel()
    assert kept.outcome().kind == "cancelled"
    assert kept.run().kind == "done"
    assert kept.messages() != ["alone"]


@posix
def test_a_process_that_hears_no_request_is_not_asked_again_once_it_was_ended(runs: Any) -> None:
    kept = runs(first="arguments[0] == 'serve' and time.sleep(600)", grace_ms=50)
    worker = kept.begin()
    until(lambda: bool(kept.warm.pid), 300)
    worker.cancel()
    assert kept.outcome().kind == "cancelled"
    assert kept.run().kind == "done"
    assert kept.messages() == ["alone"]


@posix
def test_a_process_that_dies_in_its_work_is_told_and_replaced(runs: Any) -> None:
    dies = "answer(event='started', case='ct', input=''); 'deadly' in line and os.abort()"
    kept = runs(dies)
    outcome = kept.run("deadly.nii")
    assert (outcome.kind, outcome.code) == ("failed", "crashed")
    assert [event.code for event in kept.heard if isinstance(event, events.Failed)] == ["crashed"]
    assert kept.run().kind == "done"
    assert kept.messages() != ["alone"]


def test_a_process_that_has_ended_meanwhile_costs_no_run(runs: Any) -> None:
    kept = runs()
    kept.run()
    pid = kept.warm.pid
    kept.warm.kill()
    assert kept.run().kind == "done"
    until(lambda: not is_alive(pid), 120)


def test_a_process_that_ends_before_it_has_begun_gives_the_run_one_of_its_own(runs: Any) -> None:
    kept = runs("'unlucky' in line and sys.exit(0)")
    kept.run()
    assert kept.run("unlucky.nii").kind == "done"
    assert kept.messages() == ["alone"]
    assert kept.run().kind == "done"
    assert kept.messages() != ["alone"]


def test_a_library_that_cannot_stay_is_started_for_every_run_and_asked_only_once(tmp_path: Path) -> None:
    QApplication.instance() or QApplication([])
    asked = tmp_path / "asked"
    interpreter = engine(
        tmp_path, "tell(event='warning', case='ct', message='alone'); tell(event='result', case='ct')"
    )
    main = interpreter.library_folder / "ICHSegmentationLib" / "__main__.py"
    refuses = (
        f"import sys\nif sys.argv[1] == 'serve':\n    open({str(asked)!r}, 'a').write('x'); sys.exit(2)\n"
    )
    main.write_text(refuses + main.read_text("utf-8"), encoding="utf-8")
    old = Runs(interpreter)
    for _ in range(2):
        assert old.run().kind == "done"
        assert old.messages() == ["alone"]
    assert asked.read_text() == "x"


def test_a_launcher_that_passes_no_requests_on_costs_one_attempt_and_no_run(
    runs: Any, tmp_path: Path
) -> None:
    kept = runs(first=f"open({str(tmp_path / 'asked')!r}, 'a').write('x')")
    kept.interpreter = with_launcher(kept.interpreter, tmp_path)  # it gives the program no input
    for _ in range(2):
        assert kept.run().kind == "done"
        assert kept.messages() == ["alone"]
    assert (tmp_path / "asked").read_text() == "x"


def test_a_python_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    QApplication.instance() or QApplication([])
    missing = Runs(Interpreter(str(tmp_path / "missing"), {}, tmp_path))
    outcome = missing.run()
    assert (outcome.kind, outcome.code) == ("failed", "not_started")
    assert len(missing.outcomes) == 1


def test_let_go_it_ends_and_another_python_gets_a_process_of_its_own(runs: Any, tmp_path: Path) -> None:
    kept = runs()
    kept.run()
    first = kept.warm.pid
    changed = {**kept.interpreter.environment, "ANOTHER": "1"}
    kept.interpreter = Interpreter(kept.interpreter.program, changed, kept.interpreter.library_folder)
    assert kept.run().kind == "done"
    assert kept.warm.pid != first
    until(lambda: not is_alive(first), 120)
    second = kept.warm.pid
    kept.warm.let_go()
    until(lambda: not is_alive(second), 120)


def test_the_real_service_answers_twice(tmp_path: Path) -> None:
    QApplication.instance() or QApplication([])
    real = Runs(THE_LIBRARY)
    for name in ("first", "second"):
        outcome = real.run(str(tmp_path / f"{name}.nii"))
        (failed,) = [event for event in real.heard if isinstance(event, events.Failed)]
        assert (outcome.kind, outcome.code) == ("failed", failed.code)
        assert name in failed.message
        assert real.warm.pid
    pid = real.warm.pid
    real.warm.let_go()
    until(lambda: not is_alive(pid), 120)


def test_every_run_of_the_panel_is_one_that_the_service_knows(tmp_path: Path) -> None:
    scan, mask = tmp_path / "ct.nii", tmp_path / "mask.nii"
    runs_of_the_panel = (
        segment_arguments(scan, tmp_path, SETTINGS),
        detection_arguments(scan, tmp_path, DetectionSettings(heatmap=True)),
        comparison_arguments((scan, mask), (scan, mask), tmp_path),
    )
    warm = WarmProcess(QProcess)
    for arguments in runs_of_the_panel:
        assert warm.serves(THE_LIBRARY, arguments)
        assert arguments[0] in COMMANDS
        parser().parse_args(arguments)
    assert not warm.serves(THE_LIBRARY, ["batch"])
