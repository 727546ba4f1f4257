import numpy as np
import pytest
from scipy import stats

from Training.evaluation.agreement import Agreement
from Training.evaluation.case import CaseMetrics, FormulaEstimate
from Training.evaluation.charts import HEIGHT, TOP, bland_altman, scatter
from Training.evaluation.intervals import distribution, limits_of_agreement, mean_of
from Training.evaluation.lesions import LesionCounts
from Training.evaluation.pictures import worst
from Training.evaluation.summary import summarise

ONE_FOUND = LesionCounts(1, 1, 1, 0)


def a_case(name, volume, reference, dice=0.9, tada=None, subtypes=(), lesions=ONE_FOUND):
    agreement = Agreement(dice, 0.8, 0.9, 0.9, 4.0, 2.0, 0.95, 0.1, volume, reference, lesions)
    estimate = FormulaEstimate(tada, tada, reference)
    return CaseMetrics(name, agreement, estimate, {}, {}, tuple(subtypes))


def test_the_volume_mae_is_equation_1_of_the_paper():
    cases = [a_case("a", 11, 10), a_case("b", 18, 20), a_case("c", 5, 5)]
    assert summarise(cases).overall.volume_mae_ml.value == pytest.approx((1 + 2 + 0) / 3)


def test_bias_and_limits_of_agreement_are_worked_by_hand():
    limits = limits_of_agreement([1.0, 2.0, 3.0])  # mean 2, standard deviation 1
    assert (limits.bias.value, limits.lower.value, limits.upper.value) == pytest.approx((2, 0.04, 3.96))
    assert limits_of_agreement([1.0]) is None


def test_the_interval_of_a_mean_is_that_of_students_t_on_many_numbers():
    values = np.random.default_rng(0).normal(10, 2, 200)
    expected = stats.t.interval(0.95, 199, values.mean(), stats.sem(values))
    assert mean_of(list(values)).interval == pytest.approx(expected, abs=0.05)


def test_an_interval_is_the_same_every_time_and_the_medians_stays_within_the_numbers():
    values = [0.2, 0.7, 0.9, 0.95, 0.96, 0.97]
    found = distribution([*values, None])
    assert found == distribution(values)
    assert found.n == 6
    assert 0.2 <= found.median.interval[0] < found.median.value < found.median.interval[1] <= 0.97


def test_equal_numbers_have_an_interval_of_no_width_and_one_number_has_none():
    assert mean_of([0.5, 0.5, 0.5]).interval == (0.5, 0.5)
    assert mean_of([0.5]).interval is None
    assert distribution([None, None]) is None


def test_scans_are_grouped_by_volume_as_in_the_paper():
    cases = [a_case(str(ml), ml, ml) for ml in (5, 29.9, 30, 60, 60.1)]
    counts = {group.name: group.cases for group in summarise(cases).groups}
    assert counts == {"All with hemorrhage": 5, "Below 30 mL": 2, "30 to 60 mL": 2, "Above 60 mL": 1}


def test_scans_are_grouped_by_subtype():
    iph, ivh, sah = "intraparenchymal", "intraventricular", "subarachnoid"
    cases = [a_case(str(n), 5, 5, subtypes=s) for n, s in enumerate([(iph,), (iph, ivh), (iph, sah), (sah,)])]
    counts = {group.name: group.cases for group in summarise(cases).groups}
    assert (counts["With IPH"], counts["With IVH"], counts["With SAH"]) == (3, 1, 2)
    assert counts["IPH, IVH or both, nothing else"] == 2
    assert "With EDH" not in counts


def test_clean_scans_are_counted_apart():
    false = LesionCounts(0, 0, 2, 2)
    cases = [a_case("a", 5, 5), a_case("b", 0, 0, 1.0), a_case("c", 0.8, 0, 0.0, lesions=false)]
    summary = summarise(cases)
    assert summary.overall.cases == 1
    clean = summary.clean
    assert (clean.cases, clean.marked, clean.mean_false_ml, clean.largest_false_ml) == (2, 1, 0.4, 0.8)
    assert clean.false_lesions == 2


def test_masks_and_formula_are_compared_on_the_same_scans():
    cases = [a_case("a", 11, 10, tada=13), a_case("b", 20, 18, tada=17), a_case("c", 50, 5)]
    formula = summarise(cases).overall.formula
    assert formula.n == 2
    assert (formula.voxels_mae_ml.value, formula.tada_mae_ml.value) == (1.5, 2.0)
    assert formula.gain_ml.value == pytest.approx(0.5)
    assert formula.tada_limits.bias.value == pytest.approx(1.0)  # +3 and -1


def test_the_plots_show_every_case_where_it_belongs():
    cases = [a_case("a", 12, 10, tada=15), a_case("b", 18, 20, tada=25), a_case("c", 31, 30, tada=36)]
    overall = summarise(cases).overall
    dots = scatter(cases)
    predicted = {p.title.partition(":")[0]: p for p in dots.points if p.kind == "mask"}
    assert predicted["b"].x > predicted["a"].x and predicted["b"].y < predicted["a"].y  # y grows downward
    x0, y0, x1, y1 = dots.identity
    above = y0 + (predicted["a"].x - x0) / (x1 - x0) * (y1 - y0)
    assert predicted["a"].y < above  # 12 against 10 mL lies above the diagonal
    assert len([p for p in dots.points if p.kind == "tada"]) == 3

    masks, tada = bland_altman(cases, overall.volume_limits, overall.formula.tada_limits)
    assert masks.y_ticks == tada.y_ticks  # one scale for both
    bias = next(level for level in masks.levels if level.kind == "bias")
    zero = next(y for y, text in masks.y_ticks if text == "0")
    assert bias.y < zero  # (2 - 2 + 1) / 3 mL is above 0
    assert all(TOP <= point.y <= HEIGHT for point in [*masks.points, *tada.points])
    assert {p.kind for p in tada.points} == {"tada"}


def test_the_worst_cases_come_first_and_clean_ones_have_a_place():
    cases = [a_case(f"case {n}", 5, 5, n / 10) for n in range(10)]
    cases += [a_case("marked", 3, 0, 0.0), a_case("right", 0, 0, 1.0)]
    assert worst(cases) == ["case 0", "case 1", "case 2", "case 3", "case 4", "marked"]
