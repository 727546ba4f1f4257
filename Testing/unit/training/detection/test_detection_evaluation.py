"""From a table of predictions to numbers: per slice, per scan, per class, the paper's beside them."""

from pathlib import Path

import numpy as np
import pytest

from ICHSegmentationLib import models
from ICHSegmentationLib.detection.calibration import Calibration
from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.models import ModelFolder
from Training.datasets.case import SliceLabel
from Training.detection.__main__ import main
from Training.detection.calibration import Bin
from Training.detection.evaluation import evaluate
from Training.detection.page import page
from Training.detection.predictions import predictions_of, read_predictions, write_predictions


def scan(name, any_flags, any_logits, label=None):
    """Rows of a scan whose subtypes nobody told, unless it is free of hemorrhage."""
    flags = np.full((len(any_flags), 6), -1)
    flags[:, 0] = any_flags
    flags[flags[:, 0] == 0] = 0
    logits = np.tile(np.array(any_logits, float)[:, None], (1, 6))
    return predictions_of(name, name, flags, label, logits)


ROWS = [
    *scan("a", [0, 1, 1], [-2, 1, 3], SliceLabel.of({"subdural"})),
    *scan("b", [0, 0, 0], [-3, -1, 2]),
    *scan("c", [0, 0], [-4, -4]),
    *scan("d", [1, 0], [0, -5], SliceLabel.of({"epidural"})),
]


def test_slices_and_scans_are_judged_each_by_its_own_flags():
    found = evaluate(ROWS, resamples=50)
    # slices: 3, 1 and 0 against -2 -3 -1 2 -4 -4 -5: 7 + 6 + 6 of 21 pairs
    assert (found.slices[0].positive, found.slices[0].known) == (3, 10)
    assert found.slices[0].auc == pytest.approx(19 / 21)
    # scans by their likeliest slice: 3 and 0 against 2 and -4
    assert (found.scans[0].positive, found.scans[0].known) == (2, 4)
    assert found.scans[0].auc == pytest.approx(3 / 4)


def test_a_scan_is_as_likely_as_the_mean_of_its_likeliest_slices():
    # means of the two highest: a of 3 and 1, d of 0 and -5, against b of 2 and -1, c of -4 and -4
    sure = 1 / (1 + np.exp(-np.array([[3, 1], [0, -5], [2, -1], [-4, -4]], float)))
    a, d, b, c = sure.mean(axis=1)
    wanted = np.mean([a > b, a > c, d > b, d > c])
    assert evaluate(ROWS, Calibration(scan_slices=2), resamples=50).scans[0].auc == pytest.approx(wanted)


def test_a_slice_counts_no_more_than_its_scan():
    # By themselves 2 and 2 against 3 and -5: half of the pairs. As scans the one has 0.88, the other 0.48.
    rows = [*scan("bleeds", [1, 1], [2, 2], SliceLabel.of({"epidural"})), *scan("clean", [0, 0], [3, -5])]
    assert evaluate(rows, resamples=50).slices[0].auc == pytest.approx(0.5)
    assert evaluate(rows, Calibration(scan_slices=2), resamples=50).slices[0].auc == pytest.approx(1.0)


def test_the_scans_own_label_tells_subtypes_that_no_slice_does():
    found = {result.name: result for result in evaluate(ROWS, resamples=50).scans}
    assert (found["subdural"].positive, found["subdural"].known) == (1, 4)
    of_slices = {result.name: result for result in evaluate(ROWS, resamples=50).slices}
    assert (of_slices["subdural"].positive, of_slices["subdural"].auc) == (0, None)


def test_unknown_slices_leave_a_scan_unknown_and_one_that_bleeds_decides():
    flags = np.array([[0, 0, 0, 0, 0, 0], [-1, -1, 1, -1, -1, 0]])
    (first, _) = predictions_of("a", "p", flags, None, np.zeros((2, 6)))
    assert first.scan_flags == (None, None, True, None, None, False)


def test_a_table_survives_the_disk(tmp_path):
    write_predictions(tmp_path / "fold.csv", ROWS)
    assert read_predictions([tmp_path / "fold.csv"]) == ROWS


def test_the_same_slice_twice_is_refused(tmp_path):
    for name in ("a.csv", "b.csv"):
        write_predictions(tmp_path / name, ROWS)
    with pytest.raises(InputError, match="twice"):
        read_predictions([tmp_path / "a.csv", tmp_path / "b.csv"])


def test_a_table_of_something_else_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("case,patient,slice\na,a,1\n")
    with pytest.raises(InputError, match="any_logit"):
        read_predictions([tmp_path / "x.csv"])


def test_nothing_known_is_an_error():
    with pytest.raises(InputError, match="readers"):
        evaluate([])


def test_the_page_shows_the_papers_numbers_beside_ours():
    text = page(evaluate(ROWS, resamples=50))
    assert "| any | 0.750 (" in text and "| 0.9822 |" in text and "| 0.9825 |" in text
    assert "| SDH |" in text and "0.9678" in text
    assert "best Youden index" in text and "Expected calibration error" in text


def test_certainty_is_punished_by_the_weighted_log_loss():
    cold, warm = (
        evaluate(ROWS, Calibration(temperature), resamples=50).weighted_log_loss for temperature in (0.1, 1.0)
    )
    assert cold > warm


def test_slices_of_a_scan_are_found_together_wherever_they_stand():
    mixed = [ROWS[number] for number in (9, 0, 5, 3, 6, 1, 8, 2, 7, 4)]
    assert [result.auc for result in evaluate(mixed, resamples=50).scans] == [
        result.auc for result in evaluate(ROWS, resamples=50).scans
    ]


def test_held_out_calibrations_change_the_log_loss_and_leave_the_auc():
    wrong = dict.fromkeys("abcd", Calibration(offsets=(9.0,) * 6))
    found, plain = evaluate(ROWS, held_out=wrong, resamples=50), evaluate(ROWS, resamples=50)
    assert found.slices[0].auc == plain.slices[0].auc
    assert found.slices[0].log_loss > plain.slices[0].log_loss + 1
    assert found.scans[0].log_loss > plain.scans[0].log_loss + 1
    assert found.calibration_error > plain.calibration_error
    assert found.curve == [Bin(10, pytest.approx(1, abs=0.05), 0.3)]


def test_tables_are_judged_with_a_calibration_fitted_to_the_other_tables(tmp_path, capsys):
    names = []
    for number in range(2):
        rows = [row for row in ROWS if (row.case in "ab") == (number == 0)]
        names.append(str(tmp_path / f"fold_{number}.csv"))
        write_predictions(Path(names[-1]), rows)
    picture = tmp_path / "curve.svg"
    assert main(["evaluate", *names, "--calibrate", "--picture", str(picture)]) == 0
    assert "| any |" in capsys.readouterr().out
    assert picture.read_text("utf-8").startswith("<svg")


def test_tables_are_judged_at_the_operating_point_of_a_model(tmp_path, capsys):
    write_predictions(tmp_path / "rows.csv", ROWS)
    model = ModelFolder.open(Path(models.__file__).parent / "detector")
    assert main(["evaluate", str(tmp_path / "rows.csv"), "--model", str(model.path)]) == 0
    printed = capsys.readouterr().out
    numbers = model.manifest.inference
    assert f"| slice, the model's threshold | {numbers['threshold_hemorrhage']:.3f} |" in printed
    assert f"| scan, the model's threshold | {numbers['scan_threshold_hemorrhage']:.3f} |" in printed
