"""Which Python runs the library, and with what environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ICHSegmentationSlicerLib.interpreter import external_interpreter, slicers_interpreter

from ICHSegmentationLib import __version__
from ICHSegmentationLib.errors import DependencyError

ROOT = Path(__file__).resolve().parents[3]


def test_slicers_python_finds_the_library_before_anything_else(tmp_path: Path) -> None:
    interpreter = slicers_interpreter(tmp_path, {"PYTHONPATH": "elsewhere"}, {"PythonSlicer": "/bin/ps"}.get)
    command = interpreter.ichseg(["doctor"])
    assert (command.program, command.arguments) == ("/bin/ps", ["-m", "ICHSegmentationLib", "doctor"])
    assert command.environment["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), "elsewhere"]
    assert command.folder == tmp_path


def test_a_slicer_without_its_python_is_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="PythonSlicer"):
        slicers_interpreter(tmp_path, {}, lambda name: None)


def test_an_external_python_gets_nothing_of_slicers(tmp_path: Path) -> None:
    slicers = {"PYTHONHOME": "slicer", "PYTHONPATH": "slicer", "PYTHONNOUSERSITE": "1", "PATH": "kept"}
    slicers |= {"ITK_AUTOLOAD_PATH": "slicer", "HOME": "kept"}
    interpreter = external_interpreter(Path(sys.executable), tmp_path, slicers)
    environment = interpreter.ichseg([]).environment
    assert "slicer" not in environment.values()
    assert environment["PYTHONPATH"] == str(tmp_path)
    assert (environment["PATH"], environment["HOME"]) == ("kept", "kept")
    assert "PYTHONNOUSERSITE" not in environment
    assert not interpreter.is_slicers


def test_the_command_runs_the_library_of_that_folder() -> None:
    command = external_interpreter(Path(sys.executable), ROOT, os.environ).ichseg(["--version"])
    done = subprocess.run(
        [command.program, *command.arguments], env=command.environment, cwd=command.folder,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == f"ichseg {__version__}\n", done.stderr


@pytest.mark.parametrize(
    "place",
    [
        "missing",
        "a_folder",
        pytest.param("a_text", marks=pytest.mark.skipif(os.name == "nt", reason="anything may be run there")),
    ],
)
def test_what_is_no_python_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_text").write_text("no program")
    (tmp_path / "a_text").chmod(0o644)
    if os.name == "nt" and place == "a_text":
        pytest.skip("on Windows every file may be run")
    with pytest.raises(DependencyError, match=place):
        external_interpreter(tmp_path / place, ROOT, os.environ)
