"""The worker with real processes; test_self_tests.py has it with the real default model."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="Qt is not here: pip install PySide6-Essentials")

from engines import (
    ENVIRONMENT,
    ROOT,
    SETTINGS,
    THE_LIBRARY,
    Heard,
    engine,
    is_alive,
    until,
    with_launcher,
    write_head,
)
from ICHSegmentationSlicerLib.interpreter import Interpreter
from PySide6.QtWidgets import QApplication

from ICHSegmentationLib import events
from ICHSegmentationLib.cli.parser import parser

posix = pytest.mark.skipif(os.name == "nt", reason="signals and launchers of Unix")


@pytest.fixture(autouse=True)
def an_application(monkeypatch: pytest.MonkeyPatch) -> QApplication:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return QApplication.instance() or QApplication([])


@pytest.fixture(scope="module")
def a_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    write_head(path)
    return path


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@posix
@pytest.mark.parametrize("launched", [False, True], ids=["itself", "through a launcher"])
def test_cancelling_ends_the_interpreter_and_leaves_nothing(
    a_ct: Path, tmp_path: Path, launched: bool
) -> None:
    interpreter = with_launcher(THE_LIBRARY, tmp_path) if launched else THE_LIBRARY
    heard = Heard(interpreter).start(a_ct, tmp_path / "out")
    until(lambda: any(event.stage == "load" for event in heard.of_kind(events.Progress)))
    assert left_in(tmp_path / "out")  # the work has begun
    heard.worker.cancel()
    outcome = heard.outcome()
    assert (outcome.kind, outcome.code) == ("cancelled", "cancelled")
    assert [event.code for event in heard.of_kind(events.Failed)] == ["cancelled"]
    until(lambda: not is_alive(heard.pid), 2)
    assert left_in(tmp_path / "out") == []


@posix
def test_a_run_cancelled_before_it_said_a_word_ends(a_ct: Path, tmp_path: Path) -> None:
    heard = Heard(with_launcher(THE_LIBRARY, tmp_path)).start(a_ct, tmp_path / "out")
    heard.worker.cancel()
    assert heard.outcome().kind == "cancelled"
    assert [event.code for event in heard.events if isinstance(event, events.Failed)] == ["cancelled"]
    assert left_in(tmp_path / "out") == []


HALF_WRITTEN = """
    os.makedirs(os.path.join(OUT, '.ichseg-part-1234-ct'))
    open(os.path.join(OUT, '.ichseg-part-1234-ct', 'report.html'), 'w').close()
    tell(event='progress', case='ct', stage='refine', fraction=0.5)
    """


def half_written(out: Path, rest: str) -> str:
    return f"\n    OUT = {str(out)!r}" + HALF_WRITTEN + rest


def in_the_middle(heard: Heard) -> None:
    until(lambda: bool(heard.of_kind(events.Progress)))


@posix
def test_a_process_that_does_not_end_when_asked_is_ended_and_its_leftovers_go(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deaf = "\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)" + half_written(out, "time.sleep(60)")
    heard = Heard(with_launcher(engine(tmp_path, deaf), tmp_path), grace_ms=200)
    heard.start(tmp_path / "ct.nii.gz", out)
    in_the_middle(heard)
    heard.worker.cancel()
    assert heard.outcome().kind == "cancelled"
    until(lambda: not is_alive(heard.pid), 2)
    assert left_in(out) == []
    assert [(event.case, event.code) for event in heard.of_kind(events.Failed)] == [("ct", "cancelled")]


def test_a_process_id_that_is_none_is_not_used(tmp_path: Path) -> None:
    liar = (
        "tell(event='process', pid='everybody'); tell(event='warning', case='ct', message=''); time.sleep(60)"
    )
    heard = Heard(engine(tmp_path, liar)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    until(lambda: bool(heard.of_kind(events.Warned)))
    heard.worker.cancel()
    assert heard.outcome().kind == "cancelled"


@posix
def test_a_killed_run_is_told_as_lack_of_memory_and_the_earlier_result_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "ct").mkdir(parents=True)
    (out / "ct" / "report.html").write_text("earlier")
    heard = Heard(engine(tmp_path, half_written(out, "time.sleep(60)")))
    heard.start(tmp_path / "ct.nii.gz", out)
    in_the_middle(heard)
    os.kill(heard.pid, signal.SIGKILL)
    outcome = heard.outcome()
    assert (outcome.kind, outcome.code) == ("failed", "memory")
    assert "memory" in outcome.message
    assert left_in(out) == ["ct"]
    assert (out / "ct" / "report.html").read_text() == "earlier"


@posix
def test_a_dead_launcher_takes_the_interpreter_along(tmp_path: Path) -> None:
    heard = Heard(with_launcher(engine(tmp_path, "time.sleep(60)"), tmp_path))
    heard.start(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert is_alive(heard.pid)
    os.kill(heard.worker._process.launcher, signal.SIGKILL)
    assert heard.outcome().kind == "failed"
    until(lambda: not is_alive(heard.pid), 5)


PARENT = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from engines import THE_LIBRARY, Heard, until
from PySide6.QtCore import QCoreApplication
from ICHSegmentationLib import events
app = QCoreApplication([])
heard = Heard(THE_LIBRARY).start(Path({ct!r}), Path({out!r}))
until(lambda: heard.of_kind(events.Started))
print(heard.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
def test_the_run_ends_itself_when_slicer_is_gone(a_ct: Path, tmp_path: Path) -> None:
    paths = [str(ROOT), str(ROOT / "ICHSegmentation"), str(Path(__file__).parent)]
    script = PARENT.format(paths=paths, ct=str(a_ct), out=str(tmp_path / "out"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == -signal.SIGKILL, done.stderr
    until(lambda: not is_alive(int(done.stdout)), 120)
    assert left_in(tmp_path / "out") == []


def test_a_crash_is_told_with_its_last_lines(tmp_path: Path) -> None:
    crash = """
    for number in range(100):
        print('line', number, file=sys.stderr)
    import ctypes
    ctypes.string_at(0)
    """
    heard = Heard(engine(tmp_path, crash)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    outcome = heard.outcome()
    assert (outcome.kind, outcome.code) == ("failed", "crashed")
    assert "__main__.py" in outcome.details  # where it crashed
    assert "line 99" in outcome.details
    assert "line 1\n" not in outcome.details
    (failed,) = heard.of_kind(events.Failed)
    assert (failed.case, failed.message) == ("ct", outcome.message)
    assert "__main__.py" in failed.hint


@pytest.mark.parametrize("program", ["missing", "a_folder", "a_text"])
def test_a_python_that_cannot_be_started_is_told(tmp_path: Path, program: str) -> None:
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_text").write_text("no program")
    heard = Heard(Interpreter(str(tmp_path / program), ENVIRONMENT, ROOT))
    heard.start(tmp_path / "ct.nii.gz", tmp_path / "out")
    outcome = heard.outcome()
    assert (outcome.kind, outcome.code) == ("failed", "not_started")
    assert program in outcome.message
    assert [event.code for event in heard.of_kind(events.Failed)] == ["not_started"]
    assert len(heard.outcomes) == 1
    assert not heard.worker.running


def test_events_are_put_together_out_of_pieces_and_other_lines_are_passed_over(tmp_path: Path) -> None:
    pieces = """
    line = json.dumps({'event': 'warning', 'case': 'ct', 'message': 'Blutung \\u2014 gro\\u00df'},
                      ensure_ascii=False).encode() + b'\\r\\n'
    for place in range(len(line)):
        sys.stdout.buffer.write(line[place:place + 1]); sys.stdout.buffer.flush()
    sys.stdout.buffer.write(b'a library prints\\n{"event": "progr\\n\\xff\\xfe\\n[]\\n\\n')
    for number in range(500):
        tell(event='progress', case='ct', stage='refine', fraction=number / 500)
    sys.stdout.buffer.write(b'{"event": "result", "case": "ct"}'); sys.stdout.buffer.flush()
    """
    heard = Heard(engine(tmp_path, pieces)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert heard.outcome().kind == "done"
    assert heard.of_kind(events.Warned) == [events.Warned("ct", "Blutung \u2014 gro\u00df")]
    assert [event.fraction for event in heard.of_kind(events.Progress)] == [n / 500 for n in range(500)]
    assert heard.of_kind(events.Finished) == [events.Finished("ct")]


def test_a_progress_bar_on_standard_error_does_not_swell_what_is_told(tmp_path: Path) -> None:
    bar = """
    for done in range(1000):
        sys.stderr.write(f'\\r{done} ' + '#' * 1000)
    sys.stderr.write('\\r\\nlast\\r\\n')
    sys.exit(70)
    """
    heard = Heard(engine(tmp_path, bar)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    details = heard.outcome().details
    assert len(details) < 25_000
    assert details.endswith("\nlast")
    assert "999 #" in details


@posix
def test_a_run_whose_folder_has_gone_leaves_no_other_behind(tmp_path: Path) -> None:
    """As when the scene was closed."""
    heard = Heard(engine(tmp_path, "time.sleep(600)")).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    until(lambda: bool(heard.of_kind(events.Started)))
    heard.worker.cancel()
    assert heard.outcome().kind == "cancelled"
    assert not (tmp_path / "out").exists()


def test_a_failure_that_the_process_tells_is_the_outcome(tmp_path: Path) -> None:
    fail = """
    tell(event='failed', case='ct', code='no_head', message='Expected a head.', hint='Choose another.')
    sys.exit(16)
    """
    heard = Heard(engine(tmp_path, fail)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    outcome = heard.outcome()
    assert (outcome.kind, outcome.code, outcome.message) == ("failed", "no_head", "Expected a head.")
    assert len(heard.of_kind(events.Failed)) == 1


def test_an_exit_code_alone_becomes_a_sentence(tmp_path: Path) -> None:
    heard = Heard(engine(tmp_path, "sys.exit(63)"))
    outcome = heard.start(tmp_path / "ct.nii.gz", tmp_path / "out").outcome()
    assert (outcome.kind, outcome.code, outcome.message) == ("failed", "disk_full", "The disk is full.")


def test_a_crash_after_the_result_takes_nothing_from_it(tmp_path: Path) -> None:
    late = "tell(event='result', case='ct', paths={}, measurements={}); os.abort()"
    heard = Heard(engine(tmp_path, late)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert heard.outcome().kind == "done"
    assert not heard.of_kind(events.Failed)


def test_an_end_without_a_result_is_a_failure(tmp_path: Path) -> None:
    heard = Heard(engine(tmp_path, "")).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    assert (heard.outcome().kind, heard.outcome().code) == ("failed", "no_result")


def test_a_run_goes_on_when_nobody_keeps_its_worker(tmp_path: Path) -> None:
    slow = "time.sleep(0.5); tell(event='result', case='ct')"
    heard = Heard(engine(tmp_path, slow)).start(tmp_path / "ct.nii.gz", tmp_path / "out")
    forgotten = weakref.ref(heard.worker)
    del heard.worker
    gc.collect()
    assert heard.outcome().kind == "done"
    gc.collect()
    assert forgotten() is None  # and nothing keeps it afterwards


def test_the_arguments_are_those_of_the_command_line(tmp_path: Path) -> None:
    tell = "tell(event='warning', case='ct', message=json.dumps(arguments)); tell(event='result', case='ct')"
    heard = Heard(engine(tmp_path, tell))
    heard.worker.start(tmp_path / "-ct with spaces.nii.gz", tmp_path / "out", SETTINGS)
    heard.outcome()
    options = parser().parse_args(json.loads(heard.of_kind(events.Warned)[0].message))
    assert options.inputs == [tmp_path / "-ct with spaces.nii.gz"]
    assert options.output == tmp_path / "out"
    assert (options.model, options.device, options.threads) == (SETTINGS.model, "cpu", 1)
    assert (options.format, options.overwrite) == ("nii.gz", False)
    assert options.events == "jsonl"


def test_thousands_of_scans_fit_into_a_command_line_of_windows(tmp_path: Path) -> None:
    """It takes 32767 characters; the paths go by a list, which is gone when the run has ended."""
    tell = "tell(event='warning', case='ct', message=json.dumps(arguments)); " + "; ".join(
        [
            "path = arguments[arguments.index('--list') + 1]",
            "tell(event='warning', case='ct', message=open(path, encoding='utf-8').read())",
            "tell(event='result', case='ct')",
        ]
    )
    scans = [tmp_path / f"{number:05d} ä" / "ct.nii.gz" for number in range(3000)]
    heard = Heard(engine(tmp_path, tell))
    heard.worker.start_all(scans, tmp_path / "out", SETTINGS)
    heard.outcome()
    arguments, listed = [warned.message for warned in heard.of_kind(events.Warned)]
    assert len(arguments) < 1000
    assert listed.splitlines() == [str(scan) for scan in scans]
    options = parser().parse_args(json.loads(arguments))
    assert options.inputs == []
    assert not options.list.exists()


def test_the_list_of_a_batch_goes_as_soon_as_it_is_cancelled_as_slicer_may_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    heard = Heard(engine(tmp_path, "time.sleep(60)"))
    heard.worker.start_all([tmp_path / "ct.nii"], tmp_path / "out", SETTINGS)
    assert left_in(place)
    heard.worker.cancel()
    assert not left_in(place)
    assert heard.outcome().kind == "cancelled"


def test_a_scan_whose_name_is_no_text_goes_by_the_list_too(tmp_path: Path) -> None:
    tell = "path = arguments[arguments.index('--list') + 1]; " + "; ".join(
        [
            "listed = open(path, encoding='utf-8', errors='surrogatepass').read()",
            "tell(event='warning', case='ct', message=listed)",
            "tell(event='result', case='ct')",
        ]
    )
    heard = Heard(engine(tmp_path, tell))
    scan = tmp_path / "m\udcfcller.nii"
    heard.worker.start_all([scan], tmp_path / "out", SETTINGS)
    assert heard.outcome().kind == "done"
    assert heard.of_kind(events.Warned)[0].message == f"{scan}\n"


def test_a_detection_is_asked_for_in_words_of_the_command_line(tmp_path: Path) -> None:
    from ICHSegmentationLib.settings import DetectionSettings

    tell = "tell(event='warning', case='ct', message=json.dumps(arguments)); tell(event='result', case='ct')"
    heard = Heard(engine(tmp_path, tell))
    settings = DetectionSettings(model="own", device="cpu", heatmap=True)
    heard.worker.start_detection(tmp_path / "-ct.nii", tmp_path / "out", settings)
    heard.outcome()
    options = parser().parse_args(json.loads(heard.of_kind(events.Warned)[0].message))
    assert (options.command, options.inputs) == ("detect", [tmp_path / "-ct.nii"])
    assert (options.model, options.device, options.heatmap) == ("own", "cpu", True)
    assert (options.output, options.events) == (tmp_path / "out", "jsonl")
