"""Slicer installs what stands in the CMake lists: every file of module and library must stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cmake_lists import files_in

PACKAGES = {
    "ICHSegmentation": ("MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"),
    "ICHSegmentationLib": ("LIBRARY_PYTHON_SCRIPTS", "LIBRARY_RESOURCES"),
}


def present(folder: Path) -> set[str]:
    """The files below ``folder`` that a user needs."""
    files = {path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {path.relative_to(folder).as_posix() for path in files if path.name != "CMakeLists.txt"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_stands_in_a_list(root: Path, package: str):
    listed = files_in(root / package / "CMakeLists.txt", *PACKAGES[package])
    assert not present(root / package) - set(listed)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_listed_file_exists(root: Path, package: str):
    listed = files_in(root / package / "CMakeLists.txt", *PACKAGES[package])
    assert not set(listed) - present(root / package)
    assert len(listed) == len(set(listed)), "a file is listed twice"


@pytest.mark.parametrize("package", PACKAGES)
def test_scripts_are_listed_as_scripts_and_the_rest_as_resources(root: Path, package: str):
    scripts, resources = (files_in(root / package / "CMakeLists.txt", name) for name in PACKAGES[package])
    assert {Path(name).suffix for name in scripts} == {".py"}
    assert ".py" not in {Path(name).suffix for name in resources}


def test_the_lists_hold_the_weights_and_the_report_page(root: Path):
    resources = files_in(root / "ICHSegmentationLib" / "CMakeLists.txt", "LIBRARY_RESOURCES")
    assert {"models/default/model.json", "report/page.html", "report/page.css"} <= set(resources)
    assert [name for name in resources if name.endswith(".safetensors")]
