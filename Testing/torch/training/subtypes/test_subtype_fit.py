"""The classifiers of subtypes are fitted to what they are shown, and judged on heads that they were not."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from simple_samples import IPH, IVH, SDH, sample, samples

pytest.importorskip("sklearn", reason="scikit-learn (extra 'train') fits the classifiers")

from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.subtypes.classifier import Parameters
from Training.subtypes import fit as fitting
from Training.subtypes.fit import CUBES_PER_SAMPLE, fit, held_out, least_confidence, write_parameters

VALUES = [label.value for label in SUBTYPES]


def test_subtypes_that_lie_apart_are_told_apart_on_samples_that_were_not_shown():
    fitted = fit(samples())
    new = samples(seed=2)
    told = fitted.chances(new).argmax(axis=1)
    assert [VALUES[index] for index in told] == [one.subtype for one in new]
    ventricular = fitted.ventricular.chances(np.stack([new[0].cubes[0], new[2].cubes[0]]))[:, 1]
    assert ventricular[0] < 0.1 and ventricular[1] > 0.9  # a cube of an IPH, one of an IVH


def test_a_rare_subtype_is_not_drowned_by_a_frequent_one_where_nothing_tells_them_apart():
    rng = np.random.default_rng(3)
    many = [replace(sample(IPH, rng=rng), subtype=subtype) for subtype in [IPH] * 90 + [SDH] * 10]
    others = [sample(value, rng=rng) for value in VALUES if value not in (IPH, SDH) for _ in range(10)]
    chances = fit(many + others).chances(many).mean(axis=0)
    assert chances[VALUES.index(SDH)] > 0.3  # of samples of which one in ten is one


def test_whether_a_cube_is_ventricular_is_learned_from_parenchyma_and_ventricles_alone():
    cubes, where = fitting._cubes([sample(IPH, count=400), sample(IVH, count=20), sample(SDH)])
    assert len(cubes) == CUBES_PER_SAMPLE + 20
    assert Counter(where.tolist()) == {0: CUBES_PER_SAMPLE, 1: 20}


def test_no_sample_is_judged_by_a_classifier_that_saw_its_head(monkeypatch):
    shown = []

    class Spy:
        def chances(self, new):
            assert not {one.head for one in new} & {one.head for one in shown[-1]}
            return np.full((len(new), 5), len(shown))

    monkeypatch.setattr(fitting, "fit", lambda known: shown.append(known) or Spy())
    chances = held_out(samples(heads=7, each=1))
    assert (chances > 0).all()  # everybody was judged
    assert len(shown) == fitting.FOLDS


def test_the_threshold_is_the_lowest_at_which_nineteen_of_twenty_told_are_right():
    lesions = [sample(IPH) for _ in range(20)] + [sample(SDH)] * 2 + [sample(SDH, volume_ml=0.2)] * 50
    chances = np.zeros((len(lesions), 5))
    chances[:, VALUES.index(IPH)] = 0.9  # right 20 times
    chances[20, VALUES.index(IPH)], chances[21, VALUES.index(IPH)] = 0.72, 0.58  # wrong
    chances[22:, VALUES.index(IPH)] = 0.9  # wrong, but crumbs
    # from 0.60 on, one of 21 told is wrong (95.2 % right); below, two of 22 are
    assert least_confidence(lesions, chances) == pytest.approx(0.60)
    assert least_confidence([sample(SDH)], chances[:1]) == pytest.approx(0.95)  # never right


def test_what_was_fitted_is_written_with_where_it_comes_from(tmp_path):
    shown = samples()
    written = write_parameters(shown, tmp_path / "parameters.json")
    read = Parameters.read(tmp_path / "parameters.json")
    assert read.least_confidence == written.least_confidence
    assert read.provenance["heads"] == 6
    assert read.provenance["lesions"] == {"EDH": 12, "IPH": 12, "IVH": 12, "SAH": 12, "SDH": 12}
    numbers = fitting._numbers(shown, read.ventricular)
    np.testing.assert_allclose(read.subtypes.chances(numbers), fit(shown).chances(shown), atol=1e-3)
