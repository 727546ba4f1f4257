"""The page of a detection on its own."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_heads import head, stored

from ICHSegmentationLib.detection import CLASSES, Detection
from ICHSegmentationLib.report.detection_page import write_detection_page
from ICHSegmentationLib.volume import CTVolume

HALF = np.full(len(CLASSES), 0.5, np.float32)


@pytest.fixture
def a_thin_scan() -> CTVolume:
    """40 slices of 1.25 mm."""
    return CTVolume(np.repeat(head()[0][4:5], 40, axis=0), np.diag([-2.5, -2.0, 1.25, 1]))


def content(probabilities: list[float]) -> dict[str, Any]:
    slices = np.full((len(probabilities), len(CLASSES)), 0.01, np.float32)
    slices[:, 0] = probabilities
    found = Detection(slices.max(axis=0), slices, HALF)
    more = {"case": "ct", "warnings": [], "input": {}, "settings": {}, "versions": {}}
    return {**found.to_dict(), "model": {"id": "light", "version": "1.0"}, **more}


def captions(path: Path) -> list[str]:
    html = path.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")
    return re.findall("<figcaption>(.*?)</figcaption>", html)


def test_every_run_of_marked_slices_has_a_picture(a_thin_scan: CTVolume, tmp_path: Path):
    probabilities = [*[0.02] * 4, *[0.6] * 4, *[0.02] * 12, *[0.9] * 16, *[0.02] * 4]
    write_detection_page(tmp_path / "page.html", a_thin_scan, content(probabilities))
    likeliest = [f"{number} · detector 90 %" for number in range(21, 32)]
    assert captions(tmp_path / "page.html") == [*likeliest, "5 · detector 60 %"]


def test_without_a_marked_slice_the_likeliest_are_shown(tmp_path: Path):
    ct = stored(*head()).ct
    write_detection_page(tmp_path / "page.html", ct, content([0.1, 0.3, 0.2, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1]))
    assert captions(tmp_path / "page.html") == ["6", "2", "3", "1", "4", "5", "7", "8", "9"]


def test_nothing_is_said_of_an_outline_where_there_is_none(a_thin_scan: CTVolume, tmp_path: Path):
    write_detection_page(tmp_path / "page.html", a_thin_scan, content([0.02] * 40))
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "By light 1.0." in text
    assert "with an outline" not in text


def test_a_name_that_is_not_utf_8_is_told_as_such(a_thin_scan: CTVolume, tmp_path: Path):
    named = {**content([0.02] * 40), "case": "bad \udcff byte"}
    write_detection_page(tmp_path / "page.html", a_thin_scan, named)
    assert "<h1>bad \N{REPLACEMENT CHARACTER} byte</h1>" in (tmp_path / "page.html").read_text("utf-8")
