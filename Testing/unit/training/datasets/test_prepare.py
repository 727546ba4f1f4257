"""A data set is checked, described and dealt to folds; bad cases are told and left out."""

import csv
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from dataset_layouts import (
    AFFINE,
    LAYOUTS,
    csv_table,
    ct_ich,
    diagnosis,
    head,
    instance2022,
    save,
    save_pair,
    write_csv,
)

from ICHSegmentationLib.errors import InputError, InsufficientMemoryError
from Training.datasets import (
    Case,
    SliceLabel,
    find_adapter,
    load_held_out,
    load_split,
    prepare,
    read_cases_csv,
)
from Training.datasets import check_store as check_store_module
from Training.datasets.case_rows import case_of, row_of
from Training.datasets.checks import CaseReport


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def problems(out):
    """What stands in problems.csv of the cases that were left out."""
    rows = rows_of(out / "problems.csv")
    return {row["case"]: row["what"] for row in rows if row["severity"] == "left out"}


def warnings(out, name):
    rows = rows_of(out / "problems.csv")
    return [row["what"] for row in rows if row["severity"] == "warning" and row["case"] == name]


def many(root, count=6):
    return instance2022(root, [f"{number:03d}" for number in range(1, count + 1)])


def test_every_sound_case_comes_into_exactly_one_fold(tmp_path):
    done = prepare(many(tmp_path / "data"), tmp_path / "out", folds=3, processes=1)
    assert (done.adapter, done.kept, done.held_out, done.left_out) == ("instance2022", 6, 0, 0)
    validated = []
    for fold in range(3):
        training, validation = load_split(tmp_path / "out", fold)
        assert len(training) + len(validation) == 6
        validated += [case.name for case in validation]
    assert sorted(validated) == [f"{number:03d}" for number in range(1, 7)]


def test_what_load_split_gives_is_what_the_adapter_found(tmp_path):
    folder = many(tmp_path / "data")
    prepare(folder, tmp_path / "out", folds=2, processes=1)
    found = {case.name: case for case in find_adapter(folder).cases(folder)}
    training, validation = load_split(tmp_path / "out", 1)
    told = {case.name: replace(case, content="") for case in [*training, *validation]}
    assert told == found


def test_the_content_of_a_case_is_that_of_its_scan_and_mask_wherever_they_lie(tmp_path):
    def contents(data, out):
        prepare(data, out, folds=2, processes=1)
        return {case.name: case.content for case in read_cases_csv(out)}

    data, out = many(tmp_path / "data", 4), tmp_path / "out"
    before = contents(data, out)
    assert all(before.values()) and len(set(before.values())) == 4
    save(data / "train_2/label/002.nii.gz", np.zeros((6, 40, 40), np.uint8))
    after = contents(data, out)
    assert {name for name in before if before[name] != after[name]} == {"002"}
    assert contents(data.rename(tmp_path / "moved"), tmp_path / "again") == after


def test_a_folder_that_an_earlier_version_prepared_is_still_read(tmp_path):
    out = tmp_path / "out"
    prepare(many(tmp_path / "data", 2), out, folds=2, processes=1)
    rows = rows_of(out / "cases.csv")
    columns = [name for name in rows[0] if name != "mask_digest"]
    write_csv(out / "cases.csv", columns, [[row[name] for name in columns] for row in rows])
    assert [case.content for case in read_cases_csv(out)] == [row["digest"] for row in rows]


def test_each_kind_of_bad_case_is_told_in_a_sentence_and_left_out(tmp_path):
    data, out = many(tmp_path / "data", 10), tmp_path / "out"
    scans, masks = data / "train_2/data", data / "train_2/label"
    hu, blood = head()
    (scans / "001.nii.gz").write_bytes(b"no image")
    (masks / "002.nii.gz").unlink()
    save(masks / "003.nii.gz", blood[:4].astype(np.uint8))
    save(masks / "004.nii.gz", blood.astype(np.uint8) * 3)
    save(scans / "005.nii.gz", hu + np.int16(1024))
    save(scans / "006.nii.gz", np.full_like(hu, -1000))
    save(masks / "007.nii.gz", blood.astype(np.uint8), AFFINE @ np.diag([1, 1, -1, 1]))
    save(masks / "008.nii.gz", blood * np.float32(0.5))
    done = prepare(data, out, folds=2, processes=1)
    assert (done.kept, done.left_out) == (2, 8)
    told = problems(out)
    for name, sentence in {
        "001": "NIfTI",
        "002": "no label",
        "003": "grid",
        "004": "holds the value 3",
        "005": "without rescale",
        "006": "Expected a head",
        "007": "grid",
        "008": "whole label values",
    }.items():
        assert sentence in told[name]
    assert [row["case"] for row in rows_of(out / "cases.csv")] == ["009", "010"]


def test_a_library_that_fails_on_a_file_in_a_way_of_its_own_costs_that_case_only(tmp_path, monkeypatch):
    def read(case):
        if case.name == "002":
            raise ZeroDivisionError("a header nobody thought of")
        return original(case)

    from Training.datasets import checks

    original = checks.read_case
    monkeypatch.setattr(checks, "read_case", read)
    prepare(many(tmp_path / "data", 3), tmp_path / "out", folds=2, processes=1)
    assert "a header nobody thought of" in problems(tmp_path / "out")["002"]


def test_without_any_sound_case_the_reasons_are_there_to_read(tmp_path):
    data = instance2022(tmp_path / "data", ["001"])
    (data / "train_2/label/001.nii.gz").unlink()
    with pytest.raises(InputError, match=r"problems\.csv"):
        prepare(data, tmp_path / "out", processes=1)
    assert "001" in problems(tmp_path / "out")


def test_the_same_image_twice_is_used_once_and_the_held_out_one_stays(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1), ("d", 2)):
        save_pair(tmp_path / f"{name}.nii.gz", tmp_path / f"{name}_m.nii.gz", seed)
    save(tmp_path / "b.nii.gz", head(0)[0].astype(np.float32))  # stored differently, still the same HU
    rows = [[name, f"{name}.nii.gz", f"{name}_m.nii.gz", ""] for name in "acd"]
    write_csv(
        tmp_path / "cases.csv",
        ("case", "image", "mask", "split"),
        [*rows, ["b", "b.nii.gz", "b_m.nii.gz", "test"]],
    )
    prepare(tmp_path, tmp_path / "out", folds=2, processes=1)
    assert problems(tmp_path / "out") == {"a": "Its image is the same as that of b, voxel by voxel."}
    assert [case.name for case in load_held_out(tmp_path / "out")] == ["b"]


def test_another_scan_of_a_patient_who_is_held_out_is_not_trained_on(tmp_path):
    rows = []
    for seed, (name, patient, split) in enumerate(
        [("a", "P1", "train"), ("b", "P1", "test"), ("c", "P2", "train"), ("d", "P3", "train")]
    ):
        save_pair(tmp_path / f"{name}.nii.gz", tmp_path / f"{name}_m.nii.gz", seed)
        rows.append([name, f"{name}.nii.gz", f"{name}_m.nii.gz", patient, split])
    write_csv(tmp_path / "cases.csv", ("case", "image", "mask", "patient", "split"), rows)
    prepare(tmp_path, tmp_path / "out", folds=2, processes=1)
    assert problems(tmp_path / "out") == {"a": "Another scan of its patient P1 is held out."}


def test_a_mask_against_the_readers_is_told(tmp_path):
    data = ct_ich(tmp_path / "data")
    save(data / "masks/049.nii", np.zeros((6, 40, 40), np.uint8), np.eye(4))
    for number in (70, 71, 72):
        save_pair(data / f"ct_scans/{number:03d}.nii", data / f"masks/{number:03d}.nii", number)
    table = data / "hemorrhage_diagnosis_raw_ct.csv"
    rows = [list(row.values()) for row in rows_of(table)]
    rows += [diagnosis(70, n) for n in range(1, 7)]
    rows += [diagnosis(71, n, *(["Subdural"] if n in (2, 3, 6) else [])) for n in range(1, 7)]
    write_csv(table, [name.lstrip("\ufeff") for name in rows_of(table)[0]], rows)
    prepare(data, tmp_path / "out", folds=2, processes=1)
    assert problems(tmp_path / "out") == {"049": "Readers saw hemorrhage, but its mask is empty."}
    assert "Readers saw no hemorrhage, but its mask marks some." in warnings(tmp_path / "out", "070")
    assert {
        "1 slices on which readers saw hemorrhage have none in the mask.",
        "1 slices with hemorrhage in the mask have none by the readers.",
    } <= set(warnings(tmp_path / "out", "071"))


def test_an_empty_mask_nobody_explains_and_one_on_bone_are_warned_of_but_kept(tmp_path):
    data = many(tmp_path / "data", 3)
    hu, blood = head(1)
    save(data / "train_2/label/001.nii.gz", np.zeros_like(blood, np.uint8))
    save(data / "train_2/label/002.nii.gz", (hu > 900).astype(np.uint8))
    assert prepare(data, tmp_path / "out", folds=2, processes=1).kept == 3
    assert any("counts as free of hemorrhage" in what for what in warnings(tmp_path / "out", "001"))
    assert any("median of 1000 HU" in what for what in warnings(tmp_path / "out", "002"))


def test_volumes_and_grid_stand_in_the_table(tmp_path):
    prepare(many(tmp_path / "data", 2), tmp_path / "out", folds=2, processes=1)
    row = rows_of(tmp_path / "out/cases.csv")[0]
    # 3 x 6 x 6 voxels of 5 x 5 x 5 mm
    assert float(row["hemorrhage_ml"]) == pytest.approx(108 * 0.125)
    assert (row["slices"], row["rows"], row["columns"]) == ("6", "40", "40")
    assert (row["slices_mm"], row["rows_mm"], row["columns_mm"]) == ("5.0", "5.0", "5.0")


def test_the_fingerprint_describes_the_training_cases_and_not_the_held_out_ones(tmp_path):
    data, out = csv_table(tmp_path / "data"), tmp_path / "out"
    save_pair(data / "z.nii.gz", data / "z_blood.nii.gz", 3)
    rows = [["x", "files/x.nii.gz", "files/x_blood.nii.gz", ""], ["z", "z.nii.gz", "z_blood.nii.gz", ""]]
    held_out = ["y", "files/y.nii.gz", "", "test"]
    write_csv(data / "dataset.csv", ("case", "image", "mask", "split"), [*rows, held_out])
    prepare(data, out, folds=2, processes=1)
    found = json.loads((out / "fingerprint.json").read_text())
    blood = np.concatenate([head(seed)[0][head(seed)[1]] for seed in (0, 3)])
    foreground = found["hu"]["foreground"]
    assert foreground["voxels"] == blood.size
    assert foreground["mean"] == pytest.approx(blood.mean(), abs=1e-3)
    assert foreground["std"] == pytest.approx(blood.std(), abs=1e-3)
    assert foreground["percentile_99.5"] == np.percentile(blood, 99.5, method="inverted_cdf")
    assert 30 < found["hu"]["brain"]["percentile_50"] < 36
    assert found["spacing_mm"]["median"] == [5.0, 5.0, 5.0]
    assert (found["cases"], found["cases_with_mask"]) == (2, 2)
    assert found["volume_ml"]["any"]["total"] == pytest.approx(2 * 13.5)
    assert found["volume_ml"]["subdural"] == {"cases": 0}


def test_a_second_run_looks_at_nothing_again_but_at_what_changed(tmp_path, monkeypatch):
    data, out = many(tmp_path / "data", 4), tmp_path / "out"
    looked_at = []
    original = check_store_module.check_case

    def check(case):
        looked_at.append(case.name)
        if case.name == "003" and len(looked_at) == 3:
            raise KeyboardInterrupt
        return original(case)

    monkeypatch.setattr(check_store_module, "check_case", check)
    with pytest.raises(KeyboardInterrupt):
        prepare(data, out, folds=2, processes=1)
    assert not (out / "splits.json").exists()
    prepare(data, out, folds=2, processes=1)
    assert looked_at == ["001", "002", "003", "003", "004"]
    before = (out / "cases.csv").read_bytes(), (out / "fingerprint.json").read_bytes()
    prepare(data, out, folds=2, processes=1)
    assert len(looked_at) == 5
    assert before == ((out / "cases.csv").read_bytes(), (out / "fingerprint.json").read_bytes())
    save(data / "train_2/label/002.nii.gz", np.zeros((6, 40, 40), np.uint8))
    prepare(data, out, folds=2, processes=1)
    assert looked_at[5:] == ["002"]


def test_a_case_that_could_not_be_used_is_looked_at_again(tmp_path, monkeypatch):
    from Training.datasets import checks

    data, out = many(tmp_path / "data", 3), tmp_path / "out"
    original = checks.read_case

    def unreachable(case):
        if case.name == "001":
            raise OSError("the network drive is gone")
        return original(case)

    monkeypatch.setattr(checks, "read_case", unreachable)
    assert prepare(data, out, folds=2, processes=1).left_out == 1
    assert "network drive" in problems(out)["001"]
    monkeypatch.undo()
    assert prepare(data, out, folds=2, processes=1).left_out == 0


def test_too_little_memory_is_no_fault_of_a_case(tmp_path, monkeypatch):
    from Training.datasets import checks

    def exhausted(case):
        raise MemoryError

    monkeypatch.setattr(checks, "read_case", exhausted)
    with pytest.raises(InsufficientMemoryError, match="fewer processes"):
        prepare(many(tmp_path / "data", 2), tmp_path / "out", folds=2, processes=1)


def test_several_processes_find_what_one_finds(tmp_path):
    data = many(tmp_path / "data", 4)
    (data / "train_2/data/003.nii.gz").write_bytes(b"no image")
    for out, processes in (("one", 1), ("two", 2)):
        prepare(data, tmp_path / out, folds=2, processes=processes)
    for name in ("cases.csv", "fingerprint.json", "splits.json", "problems.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("name", ["ct-ich-pictures", "rsna2019", "cq500", "default-data", "bhsd"])
def test_cases_of_every_kind_come_back_from_their_row_as_they_were(name, tmp_path):
    folder = LAYOUTS[name](tmp_path)
    for case in find_adapter(folder).cases(folder):
        row = {key: str(value) for key, value in row_of(tmp_path, case, CaseReport(case.name), 0).items()}
        found = case_of(tmp_path, row)
        assert " ".join(found.notes) == " ".join(case.notes)
        assert {**vars(found), "notes": ()} == {**vars(case), "notes": ()}


def test_labels_paths_and_splits_survive_their_row(tmp_path):
    case = Case(
        name="a/b",
        patient="p",
        image=(tmp_path / "1.jpg",),
        mask=(None,),
        labels={255: "hemorrhage"},
        slice_labels=(SliceLabel(any=True),),
        scan_labels=SliceLabel.of({"subdural", "epidural"}),
        disputed=True,
        split="test",
        spacing_mm=(5.0, 1 / 3, 0.1),
    )
    row = {key: str(value) for key, value in row_of(tmp_path, case, CaseReport("a/b"), "").items()}
    assert case_of(tmp_path, row) == case


def test_a_folder_that_was_not_prepared_says_so(tmp_path):
    with pytest.raises(InputError, match="Prepare the data set first"):
        load_split(tmp_path, 0)
    prepare(many(tmp_path / "data", 2), tmp_path / "out", folds=2, processes=1)
    with pytest.raises(InputError, match="fold from 0 to 1, found 2"):
        load_split(tmp_path / "out", 2)


def test_the_first_real_scans_are_prepared(shared_data, tmp_path):
    with (shared_data / "cases.csv").open(encoding="utf-8") as stream:
        table = stream.read().splitlines()
    chosen = [
        table[0],
        table[1],
        table[3],
        *[line for line in table if line.startswith("physionet_ct_ich/055")],
    ]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/cases.csv").write_text("\n".join(chosen) + "\n", "utf-8")
    for name in ("phe_sich", "physionet_ct_ich"):
        (tmp_path / "data" / name).symlink_to(shared_data / name, target_is_directory=True)
    done = prepare(tmp_path / "data", tmp_path / "out", folds=2, processes=1)
    assert (done.kept, done.held_out, done.left_out) == (3, 1, 0)
    found = json.loads((tmp_path / "out/fingerprint.json").read_text())
    assert 45 < found["hu"]["foreground"]["percentile_50"] < 80
    assert 20 < found["hu"]["brain"]["percentile_50"] < 45
    nominal = {row["case"]: float(row["ich_ml_nominal"] or 0) for row in csv.DictReader(chosen)}
    for row in rows_of(tmp_path / "out/cases.csv"):
        assert float(row["hemorrhage_ml"]) == pytest.approx(nominal[row["case"]], abs=0.01)


def test_every_case_is_listed_even_when_held_out(tmp_path):
    many(tmp_path / "data", 2)
    prepare(tmp_path / "data", tmp_path / "out", folds=2, processes=1)
    assert [case.name for case in read_cases_csv(tmp_path / "out")] == ["001", "002"]


def test_a_name_with_spaces_around_it_is_found_again(tmp_path):
    for seed, name in enumerate(["CASE 5 ", " CASE 6"]):
        save_pair(tmp_path / f"data/images/{name}.nii.gz", tmp_path / f"data/masks/{name}.nii.gz", seed)
    prepare(tmp_path / "data", tmp_path / "out", folds=2, processes=1)
    training, validation = load_split(tmp_path / "out", 0)
    assert {case.name for case in (*training, *validation)} == {"CASE 5 ", " CASE 6"}
    assert all(case.image.is_file() for case in training)


@pytest.mark.skipif(sys.platform == "win32", reason="no file can be called so")
def test_a_path_with_the_sign_between_paths_costs_that_case_only(tmp_path):
    data = many(tmp_path / "data|s", 3)
    (data / "train_2/label/002.nii.gz").unlink()
    save_pair(data / "train_2/data/a|b.nii.gz", data / "train_2/label/a|b.nii.gz", 9)
    done = prepare(data, tmp_path / "out", folds=2, processes=1)
    assert (done.kept, done.left_out) == (2, 2)
    assert problems(tmp_path / "out")["a|b"].startswith("Expected a path without '|', found train_2/data/a|b")
    assert "no label" in problems(tmp_path / "out")["002"]
