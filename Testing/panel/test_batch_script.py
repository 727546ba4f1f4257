"""``Scripts/batch_segment.py``: the real script and processes, and a small program as the library."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("PySide6", reason="Qt is not here: pip install PySide6-Essentials")

from engines import engine
from ICHSegmentationSlicerLib.batch_run import BatchRun
from ICHSegmentationSlicerLib.batch_scans import scans_in
from ICHSegmentationSlicerLib.worker import Worker
from PySide6.QtCore import QCoreApplication, QProcess, QTimer
from PySide6.QtWidgets import QApplication

from ICHSegmentationLib.errors import DependencyError

ROOT = Path(__file__).resolve().parents[2]

TWO_SCANS = """
import pathlib
out = pathlib.Path(arguments[arguments.index('--output') + 1])
out.mkdir(exist_ok=True)
(out / 'asked.txt').write_text(' '.join(arguments))
(out / 'scans.txt').write_bytes(pathlib.Path(arguments[arguments.index('--list') + 1]).read_bytes())
numbers = {'total_volume_ml': 12.34, 'lesions': [], 'subtypes': {}, 'warnings': []}
tell(event='result', case='ct', paths={}, measurements=numbers)
tell(event='started', case='b', input='b.nii.gz')
"""
GOOD = "tell(event='result', case='b', paths={}, measurements=numbers)"
BAD = """
tell(event='failed', case='b', code='no_head', message='The image holds nothing but air.', hint='')
sys.exit(16)
"""


@pytest.fixture
def script() -> Any:
    spec = importlib.util.spec_from_file_location("batch_segment", ROOT / "Scripts" / "batch_segment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup_with(tmp_path: Path) -> Any:
    """A set-up whose library is this code."""
    # A process has one application, and later tests need one with widgets.
    application = QApplication.instance() or QApplication([])

    def make(code: str, trouble: Exception | None = None) -> SimpleNamespace:
        interpreter = engine(tmp_path, code)

        def require_ready(model: str) -> None:
            if trouble is not None:
                raise trouble

        def worker_for(hear: Any, end: Any) -> Worker:
            return Worker(QProcess, interpreter, hear, QTimer.singleShot, end)

        return SimpleNamespace(
            application=application,
            scans_in=scans_in,
            require_ready=require_ready,
            make_batch_worker=lambda hear, end: BatchRun(worker_for, hear, end),
        )

    return make


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("a.nii.gz", "b.nii.gz"):
        (folder / name).touch()
    return folder


def run(script: Any, setup: Any, *arguments: Any) -> int:
    return script.segment_all([str(word) for word in arguments], setup, QCoreApplication.processEvents)


def test_every_scan_of_a_folder_goes_to_the_command_line_and_is_told(
    script: Any, setup_with: Any, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(script, setup_with(TWO_SCANS + GOOD), scans, "-o", out, "--device", "cpu") == 0
    said = capsys.readouterr().out
    assert "ct: 12.3 mL" in said
    assert "2 of 2 scans have a result" in said
    asked = (out / "asked.txt").read_text()
    listed = (out / "scans.txt").read_text("utf-8").splitlines()
    assert listed == [str(scans / "a.nii.gz"), str(scans / "b.nii.gz")]
    assert "--device cpu" in asked
    assert len((out / "summary.csv").read_text().splitlines()) == 3


def test_a_scan_that_fails_is_told_and_makes_the_exit_code_1(
    script: Any, setup_with: Any, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(script, setup_with(TWO_SCANS + BAD), scans, "-o", tmp_path / "out") == 1
    said = capsys.readouterr()
    assert "b: The image holds nothing but air." in said.err
    assert "1 of 2 scans have a result" in said.out


def test_a_missing_package_is_told_before_anything_starts(
    script: Any, setup_with: Any, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = setup_with(TWO_SCANS + GOOD, DependencyError("PyTorch is missing.", "Install it."))
    assert run(script, setup, scans, "-o", tmp_path / "out") == DependencyError.exit_code
    assert "PyTorch is missing. Install it." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_wrong_option_ends_with_argparses_code_and_not_the_process(script: Any, setup_with: Any) -> None:
    assert run(script, setup_with(""), "--nonsense") == 2
