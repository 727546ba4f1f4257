"""From folders of masks to the three files, by the documented command."""

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from evaluation_masks import box, volume

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import write_mask
from ICHSegmentationLib.volume import Volume
from Training.datasets.case import Case, SliceLabel
from Training.evaluation import evaluate_folder
from Training.evaluation.__main__ import main
from Training.evaluation.references import prediction_file, references_in

BLOOD = box((2, 8), (5, 15), (5, 15))
MISSED, FALSE = box((2, 8), (5, 15), (5, 10)), box((9, 11), (20, 30), (20, 30))


@pytest.fixture
def folders(tmp_path):
    """Four references; their predictions are half of one, a false mark, damaged, and none."""
    references, predictions, images = (tmp_path / name for name in ("references", "predictions", "images"))
    for folder in (references, predictions, images):
        folder.mkdir()
    for name in ("half", "damaged", "absent"):
        write_mask(volume((2, BLOOD)), references / f"{name}.nii.gz")
    write_mask(volume(), references / "clean.nii.gz")
    write_mask(volume((2, MISSED)), predictions / "half.nii.gz")
    write_mask(volume((2, FALSE)), predictions / "clean.nii.gz")
    (predictions / "damaged.nii.gz").write_bytes(b"no mask")
    hu = np.full(BLOOD.shape, 35, np.int16)
    hu[BLOOD] = 65
    write_ct(hu, images / "half.nii.gz")
    return references, predictions, images


def write_ct(hu, path: Path):
    nibabel.Nifti1Image(hu.T, volume().affine).to_filename(path)


def test_one_command_writes_the_page_the_results_and_the_table(folders, tmp_path):
    references, predictions, images = folders
    command = ["--predictions", predictions, "--references", references, "--images", images]
    assert main([*map(str, command), "-o", str(tmp_path / "out")]) == 0

    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["groups"][0]["metrics"]["dice"]["mean"]["value"] == pytest.approx(2 / 3)
    assert results["groups"][0]["volume_mae_ml"]["value"] == pytest.approx(0.375)
    assert results["clean"]["largest_false_ml"] == pytest.approx(0.25)
    assert results["settings"]["tolerance_mm"] == 1.0
    assert {problem["case"]: problem["code"] for problem in results["problems"]} == {
        "absent": "input",
        "damaged": "not_an_image",
    }

    with (tmp_path / "out/cases.csv").open(newline="") as stream:
        rows = {(row["case"], row["label"]): row for row in csv.DictReader(stream)}
    assert set(rows) == {(name, label) for name in ("half", "clean") for label in ("any", "intraparenchymal")}
    assert float(rows["half", "any"]["recall"]) == 0.5
    assert rows["clean", "any"]["recall"] == ""  # a number that does not exist
    assert float(rows["half", "any"]["tada_of_ml"]) == pytest.approx(0.75)

    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "Research use only; not a medical device." in page
    assert all(word in page for word in ("half", "clean", "damaged", "absent", "Below 30 mL"))
    assert page.count("data:image/jpeg") == 3  # three slices of the one scan that was given
    assert "http" not in page.replace("http-equiv", "")  # needs nothing beside it


def test_cases_of_a_prepared_data_set_bring_their_scan_and_subtypes(folders, tmp_path):
    references, _, images = folders
    cases = [
        Case("set/half", "1", images / "half.nii.gz", references / "half.nii.gz", {2: "epidural"}),
        Case("unmarked", "2", images / "half.nii.gz"),
    ]
    nested = tmp_path / "results/set/half"
    nested.mkdir(parents=True)
    write_mask(volume((6, BLOOD)), nested / "segmentation.nii.gz")
    summary = evaluate_folder(tmp_path / "results", cases, tmp_path / "out")
    (case,) = summary.cases
    assert (case.name, case.pooled.dice, case.subtypes) == ("set/half", 1.0, ("epidural",))
    assert case.by_label["epidural"].dice == 1.0


def test_results_that_are_called_after_the_image_file_are_found(folders, tmp_path):
    references, _, images = folders
    (images / "half.nii.gz").rename(images / "ICH_000_0000.nii.gz")
    case = Case("ICH_000", "1", images / "ICH_000_0000.nii.gz", references / "half.nii.gz")
    result = tmp_path / "results/ICH_000_0000"
    result.mkdir(parents=True)
    with pytest.raises(InputError, match="named ICH_000 or ICH_000_0000 in results"):
        evaluate_folder(tmp_path / "results", [case], tmp_path / "out")
    write_mask(volume((2, BLOOD)), result / "segmentation.nii.gz")
    (found,) = evaluate_folder(tmp_path / "results", [case], tmp_path / "out").cases
    assert (found.name, found.pooled.dice) == ("ICH_000", 1.0)


def test_the_name_of_an_image_file_that_tells_no_case_from_another_is_not_used(tmp_path):
    def case(name, file):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return Case(name, name, path, path)

    cases = [case("a", "a/ct.nii"), case("b", "b/ct.nii"), case("c", "d.nii"), case("d", "e.nii")]
    cases += [case("f", "f.nii"), case("g/1", "h.nii"), case("i", "g_1.nii")]
    cases.append(Case("series", "series", (tmp_path / "a/ct.nii",), scan_labels=SliceLabel()))
    images = {reference.name: reference.image for reference in references_in(cases)}
    assert images == {"a": "", "b": "", "c": "", "d": "e", "f": "f", "g/1": "h", "i": "", "series": ""}


@pytest.mark.parametrize("names", [("set/7", "set_7"), ("a_b/c", "a/b_c"), ("7", "7")])
def test_cases_whose_predictions_would_have_one_name_are_refused(tmp_path, names):
    cases = [Case(name, name, tmp_path / "ct.nii", tmp_path / "mask.nii") for name in names]
    with pytest.raises(InputError, match=f"{names[0]} and {names[1]}"):
        references_in([*cases, Case("set-7", "8", tmp_path / "ct.nii", tmp_path / "mask.nii")])


def test_a_scan_known_to_be_clean_needs_no_mask(folders, tmp_path):
    _, predictions, images = folders
    case = Case("half", "1", images / "half.nii.gz", scan_labels=SliceLabel())
    summary = evaluate_folder(predictions, [case], tmp_path / "out")
    assert summary.overall is None
    assert (summary.clean.marked, summary.clean.largest_false_ml) == (1, pytest.approx(0.375))
    assert "Scans without hemorrhage" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_a_prediction_on_another_grid_is_a_problem_and_no_number(folders, tmp_path):
    references, predictions, _ = folders
    write_mask(Volume(np.zeros((3, 4, 5), np.uint8), volume().affine), predictions / "absent.nii.gz")
    evaluate_folder(predictions, references, tmp_path / "out")
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert {problem["code"] for problem in results["problems"]} == {"grid_mismatch", "not_an_image"}
    assert len(results["cases"]) == 2


def test_a_volume_that_is_too_small_reads_as_a_negative_error(folders, tmp_path):
    references, predictions, _ = folders
    evaluate_folder(predictions, references, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert '<td class="n">−0.38</td>' in page  # 0.375 of 0.75 mL
    assert '<td class="n">+0.25</td>' in page  # marked in a clean scan


def test_names_are_shown_as_text(folders, tmp_path):
    references, predictions, _ = folders
    (references / "half.nii.gz").rename(references / "a&c.nii.gz")
    (predictions / "half.nii.gz").rename(predictions / "a&c.nii.gz")
    evaluate_folder(predictions, references, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "a&amp;c" in page and "a&c" not in page


def test_a_tool_without_subtypes_is_judged_by_what_it_covers_and_not_by_the_scans_it_missed(tmp_path):
    references, predictions = tmp_path / "references", tmp_path / "predictions"
    references.mkdir()
    predictions.mkdir()
    for name, found in (("half", (1, MISSED)), ("missed", (1, box((0, 0), (0, 0), (0, 0))))):
        write_mask(volume((2, BLOOD)), references / f"{name}.nii.gz")
        write_mask(volume(found), predictions / f"{name}.nii.gz")
    summary = evaluate_folder(predictions, references, tmp_path / "out")
    assert summary.labels == ()
    assert summary.covered["intraparenchymal"].mean.value == 0.25  # half of one, nothing of the other
    with (tmp_path / "out/cases.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["label"] == "intraparenchymal"]
    assert [(row["covered"], row["dice"]) for row in rows] == [("0.5", ""), ("0.0", "")]
    assert "Subtypes covered by any label" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_nothing_to_compare_is_an_error_that_names_the_first_reason(folders, tmp_path):
    references, predictions, images = folders
    with pytest.raises(InputError, match="clean"):
        evaluate_folder(images, references.with_name("predictions"), tmp_path)
    with pytest.raises(InputError, match="reference masks"):
        evaluate_folder(predictions, [], tmp_path)
    assert (
        main(["--predictions", str(tmp_path / "no"), "--references", str(references), "-o", str(tmp_path)])
        == 10
    )


@pytest.mark.parametrize(
    "file",
    [
        "set/7.nii.gz",
        "set_7.nrrd",
        "set/7/segmentation.nii.gz",
        "set_7/segmentation.seg.nrrd",
        "set_7.NII.GZ",
    ],
)
def test_predictions_are_found_under_the_names_that_tools_give_them(tmp_path, file):
    assert prediction_file(tmp_path, "set/7") is None
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    assert prediction_file(tmp_path, "set/7") == tmp_path / file
