import numpy as np
import pytest

from ICHSegmentationLib import models
from ICHSegmentationLib.volume import Volume
from Training.default_model.cases import Case
from Training.default_model.results_page import results_page
from Training.default_model.slices import SliceFindings, sensitivity_at, slice_findings, touched
from Training.evaluation import summarise


def test_what_is_found_is_told_slice_by_slice():
    voxels = np.zeros((4, 10, 10), np.uint8)
    voxels[1, :2], voxels[3, :1] = 1, 1
    case = Case("a", None, None, "validation", True, ("SAH",), (1, 2))
    found = slice_findings(case, Volume(voxels, np.diag([1.0, 1.0, 5.0, 1.0])))
    assert found.on_bleeding == pytest.approx([0.1, 0])  # 20 voxels of 5 mm³
    assert found.on_others == pytest.approx([0, 0.05])
    assert (touched(found.on_bleeding), touched(found.on_others)) == (1, 1)
    assert found.volume_ml == pytest.approx(0.15)


def test_sensitivity_is_told_at_a_fixed_specificity():
    others = [0.0] * 95 + [0.1, 0.2, 0.3, 0.4, 0.5]  # five of a hundred are marked: specificity 0.95 at 0
    assert sensitivity_at(0.95, [0.0, 0.05, 1.0, 2.0], others) == (0.75, 0.0)
    sensitivity, limit = sensitivity_at(0.95, [0.05, 0.15, 1.0, 2.0], [0.1] * 10 + [0.0] * 90)
    assert (sensitivity, limit) == (0.75, 0.1)  # ten are marked, so 0.1 mL must not count


def test_the_page_tells_how_well_the_detector_finds_the_same_slices():
    bleeding = SliceFindings("a", ("SDH",), (0.0, 1.0, 0.0, 0.0), (1, 2), (0.1, 0.9, 0.6, 0.2))
    clean = SliceFindings("b", (), (0.0,) * 20, (), (0.3,) * 18 + (0.7,) * 2)
    manifest = models.find("default").manifest
    page = results_page(summarise([]), [bleeding, clean], manifest, "a command")
    assert "By the detector's probabilities of the same slices it is 1.00 and 0.50" in page
    silent = SliceFindings("a", ("SDH",), (0.0, 1.0), (1,))
    assert "detector's probabilities" not in results_page(summarise([]), [silent], manifest, "a command")
