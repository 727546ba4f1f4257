"""What the repository holds, and what it must never hold."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

MEGABYTE = 1_000_000
SOMEBODYS_FOLDER = re.compile(r"(?<![\w./~<-])/(?:home|Users|root|tmp|work)/\w|[A-Za-z]:\\{1,2}Users\\")


def test_the_licence_is_apache_2(root: Path):
    text = (root / "LICENSE").read_text("utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_no_file_is_larger_than_20_mb(tracked_files: list[Path]):
    assert not [file for file in tracked_files if file.stat().st_size > 20 * MEGABYTE]


def test_no_scan_is_in_the_repository(tracked_files: list[Path]):
    scans = re.compile(r"\.(nii|nii\.gz|dcm|nrrd|mha|mhd)$", re.IGNORECASE)
    assert not [file for file in tracked_files if scans.search(file.name)]


def test_no_file_names_a_folder_of_somebodys_machine(root: Path, tracked_files: list[Path]):
    found = []
    for file in tracked_files:
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # weights and pictures
        found += [f"{file.relative_to(root)}: {match[0]}" for match in SOMEBODYS_FOLDER.finditer(text)]
    assert not found


def test_the_library_prints_only_from_its_command_line(root: Path):
    printing = [
        f"{file.relative_to(root)}:{node.lineno}"
        for file in (root / "ICHSegmentationLib").rglob("*.py")
        if "cli" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printing


def version_errors(*files: Path) -> str:
    """What ruff says of syntax that Python 3.10 does not know."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "E9"]
    done = subprocess.run([*command, "--target-version", "py310", *files], capture_output=True, text=True)
    return done.stdout if done.returncode else ""


def test_every_python_file_parses_on_python_3_10(tracked_files: list[Path]):
    assert not version_errors(*[file for file in tracked_files if file.suffix == ".py"])


def test_newer_syntax_would_be_seen(tmp_path: Path):
    file = tmp_path / "newer.py"
    file.write_text("def first[T](items: list[T]) -> T:\n    return items[0]\n")
    assert "3.10" in version_errors(file)


def test_every_data_file_of_a_package_is_installed_with_it(root: Path, tracked_files: list[Path]):
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is read with Python 3.11 or newer")
    patterns = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    forgotten = []
    for package in ("ICHSegmentationLib", "Training"):
        for file in tracked_files:
            if root / package in file.parents and file.suffix != ".py" and file.name != "CMakeLists.txt":
                inside = file.relative_to(root / package).as_posix()
                if not any(fnmatch(inside, pattern) for pattern in patterns[package]):
                    forgotten.append(f"{package}/{inside}")
    assert not forgotten
