"""The reliability curve as a picture."""

from xml.etree import ElementTree

import pytest

from Training.detection.calibration import Bin
from Training.detection.reliability_picture import reliability_picture

SVG = "{http://www.w3.org/2000/svg}"


def test_a_dot_lies_right_by_what_was_said_and_up_by_what_was_seen():
    root = ElementTree.fromstring(reliability_picture([Bin(400, 0.0, 0.0), Bin(100, 0.25, 0.5)]))
    first, second = root.iter(f"{SVG}circle")
    places = [(float(dot.get("cx")), float(dot.get("cy")), float(dot.get("r"))) for dot in (first, second)]
    diagonal = next(root.iter(f"{SVG}line"))
    low, high = (float(diagonal.get("x1")), float(diagonal.get("y1"))), float(diagonal.get("x2"))
    assert places[0][:2] == pytest.approx(low)
    side = high - low[0]
    assert places[1][:2] == pytest.approx((low[0] + side / 4, low[1] - side / 2))
    assert places[0][2] == pytest.approx(2 * places[1][2])  # four times the slices: four times the area
    assert [title.text for title in root.iter(f"{SVG}title")][1] == "100 slices: said 0.25, seen 0.50"


def test_no_slices_are_an_empty_picture():
    assert "<circle" not in reliability_picture([])
