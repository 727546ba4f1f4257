"""The extension as CMake puts it together, in front of a stand-in for Slicer's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_lists import files_in
from test_extension_lists import PACKAGES

STUB = Path(__file__).resolve().parent / "slicer_stub"
MODULES = Path("lib/Slicer-5.12/qt-scripted-modules")


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of the extension."""
    beside_python = Path(sys.executable).parent
    cmake = shutil.which("cmake", path=os.pathsep.join([str(beside_python), os.environ.get("PATH", "")]))
    if cmake is None:
        pytest.skip("CMake is not here: pip install cmake")
    build = tmp_path_factory.mktemp("extension")
    # Nothing is compiled, so any program does as the one that would build.
    options = ["-G", "Unix Makefiles", f"-DCMAKE_MAKE_PROGRAM={sys.executable}"]
    options.append(f"-DEXTENSION_SOURCE_DIR={root}")
    done = subprocess.run([cmake, "-S", STUB, "-B", build, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return build


def test_module_and_library_lie_side_by_side_and_nothing_else(built: Path, root: Path):
    files = [path for path in (built / MODULES).rglob("*") if path.is_file()]
    installed = {path.relative_to(built / MODULES).as_posix() for path in files}
    module = files_in(root / "ICHSegmentation" / "CMakeLists.txt", *PACKAGES["ICHSegmentation"])
    library = files_in(root / "ICHSegmentationLib" / "CMakeLists.txt", *PACKAGES["ICHSegmentationLib"])
    assert installed == set(module) | {f"ICHSegmentationLib/{name}" for name in library}


def test_the_module_gets_generic_tests_and_its_own(built: Path):
    tests = (built / "tests.txt").read_text("utf-8").split("\n")
    assert "generic ICHSegmentation" in tests
    assert [line for line in tests if line.endswith("Testing/slicer/Python/ICHSegmentationSelfTest.py")]


def test_the_extension_depends_on_the_pytorch_extension(built: Path):
    assert "DEPENDS PyTorch\n" in (built / "extension.txt").read_text("utf-8")


def in_extension(built: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the extension's folder on its path, as Slicer has it, and not this repository's."""
    environment = {**os.environ, "PYTHONPATH": str(built / MODULES), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=built, env=environment, capture_output=True, text=True
    )


def test_the_installed_library_is_the_one_that_runs_and_its_weights_are_whole(built: Path):
    where = in_extension(built, "-c", "import ICHSegmentationLib; print(ICHSegmentationLib.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(built), where.stderr
    verified = in_extension(built, "-m", "ICHSegmentationLib", "models", "verify", "default")
    assert verified.returncode == 0, verified.stderr
