"""What Slicer's extension catalog asks, as its own checks do (ExtensionsIndex, schema 1.0.2)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cmake_lists import variables_of

EXTENSION = "ICHSegmentation"
TYPES = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "dicom_support_rule": str,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}
SCREENSHOTS = re.compile(r"!\[[^\]]*\]\((docs/images/[^)]+)\)")


@pytest.fixture(scope="module")
def entry(root: Path) -> dict[str, Any]:
    return json.loads((root / f"{EXTENSION}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def described(root: Path) -> dict[str, str]:
    return variables_of(root / "CMakeLists.txt")


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def in_repository(url: str) -> str:
    """The path inside the repository of a raw file's address."""
    return urlsplit(url).path.split("/", 4)[4]


def test_the_entry_has_the_fields_of_the_schema(entry: dict[str, Any]):
    assert entry["$schema"].split("#")[0].endswith("/slicer-extension-catalog-entry-schema-v1.0.2.json")
    assert {"$schema", "category", "scm_url"} <= set(entry) <= set(TYPES)
    assert not [key for key, value in entry.items() if type(value) is not TYPES[key]]
    assert 1 <= entry["tier"] <= 5


def test_the_entry_offers_the_extension_for_ct(entry: dict[str, Any]):
    assert entry["category"] == "Segmentation"
    assert entry["dicom_support_rule"] == "Modality == 'CT'"


def test_the_repository_is_named_as_a_slicer_extension(entry: dict[str, Any]):
    address = urlsplit(entry["scm_url"])
    assert address.scheme == "https"
    assert "slicer" in address.path.rpartition("/")[2].lower()


def test_the_cmake_project_is_named_as_the_entry(root: Path):
    text = (root / "CMakeLists.txt").read_text("utf-8")
    assert re.findall(r"project\s*\(\s*([^\s)]+)", text)[0] == EXTENSION


def test_entry_and_cmake_name_one_repository_and_one_dependency(
    entry: dict[str, Any], described: dict[str, str]
):
    assert entry["scm_url"].removesuffix(".git") == described["EXTENSION_HOMEPAGE"]
    assert described["EXTENSION_DEPENDS"].split() == entry["build_dependencies"] == ["PyTorch"]


def test_icon_and_screenshots_are_files_of_this_repository(root: Path, described: dict[str, str]):
    urls = [described["EXTENSION_ICONURL"], *described["EXTENSION_SCREENSHOTURLS"].split()]
    owner = urlsplit(described["EXTENSION_HOMEPAGE"]).path
    assert len(urls) >= 2
    assert all(url.startswith(f"https://raw.githubusercontent.com{owner}/main/") for url in urls)
    assert not [url for url in urls if not (root / in_repository(url)).is_file()]


@pytest.mark.parametrize("icon", [f"{EXTENSION}.png", f"{EXTENSION}/Resources/Icons/{EXTENSION}.png"])
def test_the_icon_is_128_pixels_square_with_see_through_corners(root: Path, icon: str):
    from PIL import Image

    with Image.open(root / icon) as image:
        assert (image.size, image.mode) == ((128, 128), "RGBA")
        assert image.getpixel((0, 0))[3] == 0


def test_the_description_is_short(described: dict[str, str]):
    assert 50 < len(described["EXTENSION_DESCRIPTION"]) < 300


def test_a_licence_file_stands_at_the_root_and_the_readme_names_it(root: Path, readme: str):
    assert "Apache License" in (root / "LICENSE").read_text("utf-8")
    assert "Apache License 2.0" in readme


def test_the_readme_has_a_tutorial_with_sample_data_and_screenshots(root: Path, readme: str):
    tutorial = re.search(r"^### Tutorial\n(.*?)(?=^#{2,3} )", readme, re.MULTILINE | re.DOTALL)
    assert tutorial, "no section '### Tutorial'"
    assert "Sample Data" in tutorial[1]
    assert len(re.findall(r"^\d\. ", tutorial[1], re.MULTILINE)) >= 5
    pictures = SCREENSHOTS.findall(readme)
    assert [name for name in pictures if "panel" in name]
    assert not [name for name in pictures if not (root / name).is_file()]


def test_there_is_something_to_cite(root: Path, readme: str):
    assert (root / "CITATION.cff").is_file()
    assert "CITATION.cff" in readme


def test_the_files_leave_room_for_their_history_in_a_repository_of_100_mb(tracked_files: list[Path]):
    assert sum(file.stat().st_size for file in tracked_files) < 35_000_000


def test_nothing_installed_is_named_like_a_package_of_everybody(root: Path):
    names = {path.name for path in (root / EXTENSION).iterdir() if path.is_dir()}
    assert not names & {"Testing", "Training", "Tests", "utils"}
