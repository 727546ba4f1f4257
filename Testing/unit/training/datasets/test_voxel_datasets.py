"""Data sets with masks of voxels, each in its publisher's layout and with its quirks."""

import json

import numpy as np
import pytest
from dataset_layouts import (
    AFFINE,
    LAYOUTS,
    bhsd,
    csv_table,
    ct_ich,
    default_data,
    diagnosis,
    head,
    instance2022,
    nnunet,
    plain_folder,
    save,
    save_pair,
    write_csv,
)

from ICHSegmentationLib.errors import GridMismatchError, InputError, UnknownLabelError
from ICHSegmentationLib.labels import label_named
from Training.datasets import ADAPTERS, SliceLabel, find_adapter, read_case


def cases_of(folder):
    return {case.name: case for case in find_adapter(folder).cases(folder)}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_is_recognised_and_none_is_taken_for_another(name, tmp_path):
    folder = LAYOUTS[name](tmp_path)
    assert find_adapter(folder).name == name
    assert {adapter.name for adapter in ADAPTERS} == set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_case_of_every_layout_can_be_read_and_has_a_mask_when_it_says_so(name, tmp_path):
    folder = LAYOUTS[name](tmp_path)
    for case in find_adapter(folder).cases(folder):
        ct, mask = read_case(case)
        assert (mask is not None) == case.has_mask
        if mask is not None:
            ct.require_same_grid(mask)


def test_a_folder_that_holds_nothing_known_is_named_with_what_is_known(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"instance2022.*rsna2019"):
        find_adapter(tmp_path)
    with pytest.raises(InputError, match="no data set named 'x'"):
        find_adapter(tmp_path, "x")


def test_instance_pairs_scans_and_labels_by_number(tmp_path):
    cases = cases_of(instance2022(tmp_path))
    assert list(cases) == ["001", "002"]
    ct, mask = read_case(cases["002"])
    hu, blood = head(1)
    assert np.array_equal(ct.voxels, hu)
    assert np.array_equal(mask.voxels, blood * label_named("hemorrhage").value)


def test_instance_scans_without_label_and_labels_without_scan_have_a_fault(tmp_path):
    instance2022(tmp_path)
    (tmp_path / "train_2/label/001.nii.gz").unlink()
    (tmp_path / "train_2/data/002.nii.gz").unlink()
    cases = cases_of(tmp_path)
    assert "no label" in cases["001"].fault
    assert "no scan" in cases["002"].fault
    with pytest.raises(InputError, match="no label"):
        read_case(cases["001"])


def test_a_mask_whose_header_was_rounded_fits_but_one_a_voxel_away_does_not(tmp_path):
    shifted = AFFINE.copy()
    for millimetres, fits in ((0.3, True), (5.0, False)):
        shifted[0, 3] = millimetres
        folder = tmp_path / str(fits)
        save_pair(folder / "train_2/data/1.nii.gz", folder / "train_2/label/1.nii.gz", mask_affine=shifted)
        case = cases_of(folder)["1"]
        if fits:
            assert read_case(case)[1].voxels.any()
        else:
            with pytest.raises(GridMismatchError):
                read_case(case)


def test_a_mask_that_a_converter_turned_round_is_turned_back(tmp_path):
    hu, blood = head()
    save(tmp_path / "a.nii.gz", hu)
    ras = np.diag([5.0, 5.0, 5.0, 1.0])
    ras[:2, 3] = -39 * 5  # the same voxels, counted from the other corner
    save(tmp_path / "a_mask.nii.gz", blood[:, ::-1, ::-1].astype(np.uint8), ras)
    assert np.array_equal(read_case(cases_of(tmp_path)["a"])[1].voxels > 0, blood)


def test_bhsd_labels_have_the_order_of_its_published_description(tmp_path):
    order = ["epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
    bhsd(tmp_path)
    for value, label in enumerate(order, 1):
        mask = np.full((6, 40, 40), value, np.uint8)
        save(tmp_path / "label_192/ground truths/ID_0b_ID_33.nii.gz", mask)
        found = read_case(cases_of(tmp_path)["ID_0b_ID_33"])[1]
        assert np.unique(found.voxels).tolist() == [label_named(label).value]
    save(tmp_path / "label_192/ground truths/ID_0b_ID_33.nii.gz", np.full((6, 40, 40), 6, np.uint8))
    with pytest.raises(UnknownLabelError, match=r"holds the value 6.*5 subdural"):
        read_case(cases_of(tmp_path)["ID_0b_ID_33"])


def test_bhsd_scans_of_one_patient_know_it_and_the_published_split_is_kept(tmp_path):
    bhsd(tmp_path)
    description = {
        "name": "bleedbrain",
        "training": [{"image": "./imagesTr/ID_0a_ID_11.nii.gz", "label": "./labelsTr/ID_0a_ID_11.nii.gz"}],
        "test": ["./imagesTs/ID_0b_ID_33.nii.gz"],
    }
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    cases = cases_of(tmp_path)
    assert [case.patient for case in cases.values()] == ["ID_0a", "ID_0a", "ID_0b"]
    assert [case.split for case in cases.values()] == ["train", None, "test"]


def test_bhsd_sorted_as_its_description_has_it_is_read_too(tmp_path):
    save_pair(tmp_path / "imagesTr/ID_1_ID_2.nii.gz", tmp_path / "labelsTr/ID_1_ID_2.nii.gz")
    save_pair(tmp_path / "imagesTs/ID_3_ID_4.nii.gz", tmp_path / "labelsTs/ID_3_ID_4.nii.gz")
    (tmp_path / "dataset.json").write_text('{"name": "bleedbrain", "test": ["./imagesTs/ID_3_ID_4.nii.gz"]}')
    assert find_adapter(tmp_path).name == "bhsd"
    cases = cases_of(tmp_path)
    assert [case.split for case in cases.values()] == [None, "test"]
    assert set(np.unique(read_case(cases["ID_3_ID_4"])[1].voxels)) == {0, label_named("epidural").value}


def test_ct_ich_masks_lie_voxel_by_voxel_whatever_their_header_says(tmp_path):
    cases = cases_of(ct_ich(tmp_path))
    assert list(cases) == ["049", "054"]  # 059 has no scan
    ct, mask = read_case(cases["049"])
    assert np.array_equal(mask.voxels > 0, head(49)[1])
    assert np.array_equal(mask.affine, ct.affine)
    assert not read_case(cases["054"])[1].voxels.any()


def test_ct_ich_slice_n_of_the_table_is_index_n_minus_1(tmp_path):
    case = cases_of(ct_ich(tmp_path))["049"]
    assert [label.epidural for label in case.slice_labels] == [False, True, True, True, False, False]
    assert case.scan_labels.subtypes == ("epidural",)
    assert case.scan_labels.any


def test_a_ct_ich_slice_may_bleed_without_a_subtype(tmp_path):
    ct_ich(tmp_path)
    columns = diagnosis_columns(tmp_path)
    rows = [[49, n, 0, 0, 0, 0, 0, int(n != 2), 0] for n in range(1, 7)]  # No_Hemorrhage is 0 on slice 2
    write_csv(tmp_path / "hemorrhage_diagnosis_raw_ct.csv", columns, rows)
    case = cases_of(tmp_path)["049"]
    assert [label.any for label in case.slice_labels] == [n == 2 for n in range(1, 7)]
    assert case.scan_labels == SliceLabel(any=True)


def test_ct_ich_slice_labels_are_not_used_when_the_table_has_other_slices_than_the_scan(tmp_path):
    ct_ich(tmp_path)
    columns = diagnosis_columns(tmp_path)
    write_csv(
        tmp_path / "hemorrhage_diagnosis_raw_ct.csv",
        columns,
        [diagnosis(49, 2, "Subdural"), diagnosis(49, 7)],
    )
    case = cases_of(tmp_path)["049"]
    assert case.slice_labels is None
    assert case.scan_labels.subtypes == ("subdural",)
    assert any("table names 2 slices, the scan has 6" in note for note in case.notes)
    assert read_case(case)[1].voxels.any()


def diagnosis_columns(folder):
    return (folder / "hemorrhage_diagnosis_raw_ct.csv").read_text("utf-8-sig").splitlines()[0].split(",")


def test_nnunet_labels_are_understood_by_name_and_the_test_split_is_held_out(tmp_path):
    cases = cases_of(nnunet(tmp_path))
    assert [case.split for case in cases.values()] == ["train", "train", "test"]
    found = [set(np.unique(read_case(cases[name])[1].voxels)) for name in "ab"]
    assert found == [{0, label_named("intraparenchymal").value}, {0, label_named("intraventricular").value}]
    assert not cases["c"].has_mask


def test_nnunet_takes_the_ct_out_of_several_channels(tmp_path):
    nnunet(tmp_path, channels={"0": "mask of bone", "1": "CT"})
    save(tmp_path / "imagesTr/a_0001.nii.gz", head(7)[0])
    cases = cases_of(tmp_path)
    assert list(cases) == ["a"]
    assert np.array_equal(read_case(cases["a"])[0].voxels, head(7)[0])


def test_nnunet_files_may_be_listed_instead_of_named(tmp_path):
    nnunet(tmp_path)
    description = json.loads((tmp_path / "dataset.json").read_text())
    description["dataset"] = {"mine": {"images": ["imagesTr/b_0000.nii.gz"], "label": "labelsTr/b.nii.gz"}}
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    assert list(cases_of(tmp_path)) == ["c", "mine"]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"background": 0, "tumor": 1}, "no label called 'tumor'"),
        ({"background": 0, "IPH": [1, 2]}, "regions are not supported"),
    ],
)
def test_nnunet_labels_that_are_not_ours_are_refused_by_name(tmp_path, labels, sentence):
    with pytest.raises(InputError, match=sentence):
        cases_of(nnunet(tmp_path, labels))


def test_nnunets_label_to_ignore_costs_only_the_cases_that_use_it(tmp_path):
    cases = cases_of(nnunet(tmp_path, {"background": 0, "IPH": 1, "ignore": 2}))
    assert read_case(cases["a"])[1].voxels.any()
    with pytest.raises(
        UnknownLabelError, match=r"holds the value 2, which .* not define as a label.*1 intra"
    ):
        read_case(cases["b"])


def test_a_plain_folder_pairs_names_without_their_tails_and_keeps_our_label_values(tmp_path):
    cases = cases_of(plain_folder(tmp_path))
    assert list(cases) == ["a", "b"]
    assert set(np.unique(read_case(cases["b"])[1].voxels)) == {0, 5}


def test_one_plain_folder_of_scans_and_masks_side_by_side(tmp_path):
    save_pair(tmp_path / "a.nii.gz", tmp_path / "a_seg.nii.gz")
    save(tmp_path / "b_ct.nii", head(1)[0])
    save(tmp_path / "lost_mask.nii.gz", head(1)[1].astype(np.uint8))
    cases = cases_of(tmp_path)
    assert list(cases) == ["a", "b", "lost"]
    assert [case.has_mask for case in cases.values()] == [True, False, True]
    assert "no scan" in cases["lost"].fault


def test_of_two_files_with_the_same_name_none_is_taken(tmp_path):
    folder = plain_folder(tmp_path)
    save(folder / "images/b.nii", head(2)[0])
    save(folder / "masks/a.nii.gz", head(0)[1].astype(np.uint8))
    cases = cases_of(folder)
    assert cases["a"].fault == "Two files are called a: a.nii.gz and a_mask.nii.gz. Remove one."
    assert cases["b"].fault == "Two files are called b: b.nii and b.nii.gz. Remove one."


def test_a_table_names_files_patients_and_splits(tmp_path):
    cases = cases_of(csv_table(tmp_path))
    assert [(case.patient, case.split, case.has_mask) for case in cases.values()] == [
        ("P1", "train", True),
        ("P2", "test", False),
    ]
    assert find_adapter(tmp_path / "dataset.csv").cases(tmp_path / "dataset.csv") == list(cases.values())


def test_a_table_that_names_a_case_twice_is_refused(tmp_path):
    csv_table(tmp_path)
    write_csv(tmp_path / "dataset.csv", ("case", "image", "mask"), [["x", "a", ""], ["x", "b", ""]])
    with pytest.raises(InputError, match="found x"):
        cases_of(tmp_path)


def test_the_default_models_data_say_what_is_known_of_slices_and_subtypes(tmp_path):
    hematoma, trauma, clean = cases_of(default_data(tmp_path)).values()
    assert set(np.unique(read_case(hematoma)[1].voxels)) == {0, label_named("intraparenchymal").value}
    assert any("silver" in note for note in hematoma.notes)
    assert hematoma.slice_labels is None
    # Two subtypes in the scan: of a slice only "any" is known.
    assert [label.any for label in trauma.slice_labels] == [False, True, True, True, False, False]
    assert not any(label.subtypes for label in trauma.slice_labels)
    assert trauma.scan_labels.subtypes == ("epidural", "intraparenchymal")
    assert read_case(trauma)[1] is None
    assert clean.split == "validation"
    assert not read_case(clean)[1].voxels.any()


def test_the_real_scans_of_the_default_model_are_read(shared_data):
    cases = cases_of(shared_data)
    assert len(cases) == 112
    assert sum(case.split == "validation" for case in cases.values()) == 28
    ct, mask = read_case(next(case for case in cases.values() if case.mask))
    assert mask.voxels.any()
    assert 40 < np.median(ct.voxels[mask.voxels > 0]) < 90
