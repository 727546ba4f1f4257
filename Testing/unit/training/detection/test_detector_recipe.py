"""The published detector recipe says what the paper says."""

from pathlib import Path

from ICHSegmentationLib.preparation.detector_slices import MEAN, SIZE, STD, WINDOWS
from Training.recipes.al_fahim_detector import DETECTOR_RECIPES, PUBLISHED, RECIPE


def test_the_numbers_of_section_three_stand_in_the_recipe():
    assert RECIPE.slices["kind"] == "resnext101_32x8d"
    assert (RECIPE.size, RECIPE.components, 2 * RECIPE.hidden) == (256, 120, 256)
    assert (RECIPE.cnn.epochs, RECIPE.sequence.epochs) == (3, 5)
    assert WINDOWS == ((40, 80), (80, 200), (40, 380)) and RECIPE.size == SIZE
    assert (MEAN, STD) == ((0.1738, 0.1433, 0.1970), (0.3161, 0.2850, 0.3111))


def test_each_of_the_five_disturbances_is_on():
    strengths = vars(RECIPE.augmentation)
    assert set(strengths) == {"flip", "shift", "rotation_degrees", "scale", "brightness"}
    assert all(value > 0 for value in strengths.values())


def test_the_table_of_the_paper_is_whole():
    assert [row.auc_slice for row in PUBLISHED.values()] == [0.9825, 0.9767, 0.9910, 0.9965, 0.9780, 0.9678]
    assert [row.auc_scan for row in PUBLISHED.values()] == [0.9822, 0.9146, 0.9825, 0.9882, 0.9633, 0.9493]


def test_the_document_names_every_recipe():
    text = (Path(__file__).resolve().parents[4] / "docs/detection.md").read_text("utf-8")
    assert all(name in text for name in DETECTOR_RECIPES)
