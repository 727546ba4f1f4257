"""How volumes and areas read: what is there is never told as nothing."""

import pytest

from ICHSegmentationLib.labels import HEMORRHAGE, INTRAPARENCHYMAL
from ICHSegmentationLib.report.numbers import by_subtype, cm2, ml, ml_more


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        (0, "0"),
        (0.0008, "< 0.01"),
        (0.0049, "< 0.01"),
        (0.0051, "0.01"),
        (3.214, "3.21"),
        (9.999, "10.0"),
        (34.52, "34.5"),
    ],
)
def test_a_speck_is_no_volume_of_nought(volume: float, text: str):
    assert ml(volume) == text


@pytest.mark.parametrize(
    ("difference", "text"), [(0.002, "+0.00"), (-0.002, "−0.00"), (-1.234, "−1.23"), (12.34, "+12.3")]
)
def test_a_difference_has_a_sign(difference: float, text: str):
    assert ml_more(difference) == text


@pytest.mark.parametrize(("area", "text"), [(0.0, "0.0"), (0.02, "< 0.1"), (0.06, "0.1"), (7.26, "7.3")])
def test_a_small_area_is_no_area_of_nought(area: float, text: str):
    assert cm2(area) == text


def test_subtypes_and_what_was_not_told_apart_make_up_the_total():
    lesions = [
        {"label": "intraparenchymal", "volume_ml": 12.0},
        {"label": "hemorrhage", "volume_ml": 5.0},
        {"label": "hemorrhage", "volume_ml": 3.0},
    ]
    told = {"subtypes": {"intraparenchymal": 12.0}, "lesions": lesions}
    assert by_subtype(told) == [(INTRAPARENCHYMAL, 12.0), (HEMORRHAGE, 8.0)]
    assert by_subtype({"subtypes": {}, "lesions": lesions[1:]}) == []
    assert by_subtype({"lesions": lesions}) == []
