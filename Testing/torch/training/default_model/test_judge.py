import numpy as np
import pytest
from monai.metrics import DiceMetric
from torch import from_numpy

import Training.default_model.judge as judging
from ICHSegmentationLib.phantom import make_phantom
from Training.default_model.judge import Overlap, judge, judgement_page, overlap
from Training.default_model.slices import SliceFindings


def test_what_is_unknown_counts_nowhere():
    target = np.zeros((1, 4, 4), np.uint8)
    target[0, 0], target[0, 1] = 1, 255
    found = np.zeros(target.shape, bool)
    found[0, :2, :3], found[0, 3, 0] = True, True
    judged = overlap("a", found, target, 500.0)
    assert judged == Overlap("a", 2.0, 2.0, pytest.approx(2 * 3 / (4 + 4)))


def test_where_all_is_known_it_is_monais_dice():
    rng = np.random.default_rng(0)
    target, found = (rng.random((2, 6, 8, 8)) < 0.3).astype(np.uint8)
    metric = DiceMetric()(from_numpy(found)[None, None], from_numpy(target)[None, None]).item()
    assert overlap("a", found > 0, target, 1.0).dice == pytest.approx(metric)


def test_nothing_found_where_nothing_is_is_right():
    nothing = np.zeros((2, 2, 2), np.uint8)
    assert overlap("a", nothing > 0, nothing, 1.0).dice == 1


def test_the_page_adds_up_what_was_found():
    page = judgement_page(
        [Overlap("x", 2.0, 3.0, 0.8), Overlap("x", 4.0, 3.5, 0.9), Overlap("y", 1.0, 0.0, 0.0)],
        [
            SliceFindings("a", ("SDH",), (0.0, 1.0, 0.5), (0, 1)),
            SliceFindings("b", (), (0.0, 0.25), ()),
            SliceFindings("c", (), (0.0, 0.0), ()),
        ],
    )
    assert "| x | 2 | 0.850 | 0.75 | 3.00 | 3.25 |" in page
    assert "| y | 1 | 0.000 | 1.00 | 1.00 | 0.00 |" in page
    assert "1 of 2 bleeding slices touched, 1 of 1 others" in page
    assert "1 of 2 marked, the largest false volume is 0.25 mL" in page


def test_a_painted_head_is_judged_by_its_own_mask(tmp_path, monkeypatch):
    """A model that outlines exactly what was painted has Dice 1 on all of them."""

    class Knowing:
        def __init__(self, *_, **__):
            pass

        def __call__(self, ct):
            return next(head for head in heads if head.ct is ct)

    heads = []

    def remembered(seed, subtype):
        heads.append(make_phantom(seed, subtype, 20.0, shape=(12, 80, 80), spacing=(8.0, 2.5, 2.5)))
        return heads[-1]

    monkeypatch.setattr(judging, "Segmenter", Knowing)
    monkeypatch.setattr(judging, "make_phantom", remembered)
    monkeypatch.setattr(judging.ModelFolder, "open", lambda model: model)
    (tmp_path / "cases.csv").write_text("case,split,hemorrhage,subtypes,ich_slices\n")
    page = judge(tmp_path, tmp_path, heads=1)
    assert page.count("| 1.000 | 0.00 |") == len(heads) == 6
