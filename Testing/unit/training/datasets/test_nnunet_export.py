"""Cases go out in nnU-Net's raw format and come back the same."""

import json

import nibabel as nib
import numpy as np
import pytest
from dataset_layouts import csv_table, default_data, nnunet

from ICHSegmentationLib.errors import InputError, OutputExistsError
from Training.cli import main
from Training.datasets import find_adapter, load_split, prepare, read_case, to_nnunet


def cases_of(folder):
    return find_adapter(folder).cases(folder)


def test_what_was_exported_reads_back_with_the_same_hu_masks_and_places(tmp_path):
    cases = cases_of(nnunet(tmp_path / "in"))
    out = to_nnunet(cases, tmp_path, 7, "ICH")
    assert out == tmp_path / "Dataset007_ICH"
    back = cases_of(out)
    assert [case.name for case in back] == [case.name for case in cases]
    assert [case.split for case in back] == [case.split for case in cases]
    for before, after in zip(cases, back, strict=True):
        (ct, mask), (ct_again, mask_again) = read_case(before), read_case(after)
        ct.require_same_grid(ct_again)
        assert np.array_equal(ct.voxels, ct_again.voxels)
        assert (mask is None) == (mask_again is None)
        assert mask is None or np.array_equal(mask.voxels, mask_again.voxels)


def test_label_values_have_no_gaps_and_the_description_counts_training_cases(tmp_path):
    out = to_nnunet(cases_of(nnunet(tmp_path / "in")), tmp_path, 7, "ICH")
    description = json.loads((out / "dataset.json").read_text())
    assert description["labels"] == {"background": 0, "intraparenchymal": 1, "intraventricular": 2}
    assert description["numTraining"] == 2
    assert set(np.unique(nib.load(out / "labelsTr/b.nii.gz").dataobj)) == {0, 2}


def test_names_with_a_folder_become_file_names_and_cases_without_masks_stay_out_of_training(tmp_path):
    out = to_nnunet(cases_of(default_data(tmp_path / "in")), tmp_path, 8, "default")
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.nii.gz"))
    assert written == [
        "imagesTr/phe_sich_0001_0000.nii.gz",
        "imagesTs/physionet_ct_ich_055_0000.nii.gz",
        "labelsTr/phe_sich_0001.nii.gz",
        "labelsTs/physionet_ct_ich_055.nii.gz",
    ]
    assert not np.asarray(nib.load(out / "labelsTs/physionet_ct_ich_055.nii.gz").dataobj).any()


def test_an_export_is_never_half_written_nor_written_over(tmp_path):
    cases = cases_of(csv_table(tmp_path / "in"))
    to_nnunet(cases, tmp_path, 1, "x")
    with pytest.raises(OutputExistsError):
        to_nnunet(cases, tmp_path, 1, "x")
    cases[0].image.write_bytes(b"no image")
    with pytest.raises(InputError):
        to_nnunet(cases, tmp_path, 2, "y")
    assert not (tmp_path / "Dataset002_y").exists()
    with pytest.raises(InputError, match="found 0 for training"):
        to_nnunet([case for case in cases if case.split == "test"], tmp_path, 3, "z")


def test_a_prepared_data_set_goes_out_with_its_folds_by_a_command(tmp_path, capsys):
    prepared = tmp_path / "prepared"
    prepare(nnunet(tmp_path / "in"), prepared, folds=2, processes=1)
    assert main(["to-nnunet", str(prepared), "-o", str(tmp_path / "raw"), "--id", "501"]) == 0
    out = tmp_path / "raw" / "Dataset501_ICH"
    assert str(out) in capsys.readouterr().out
    folds = json.loads((out / "splits_final.json").read_text())
    written = {path.name.removesuffix(".nii.gz") for path in (out / "labelsTr").iterdir()}
    assert len(folds) == 2 and {*folds[0]["val"], *folds[1]["val"]} == written
    for number, fold in enumerate(folds):
        assert {*fold["train"], *fold["val"]} == written and not {*fold["train"]} & {*fold["val"]}
        assert fold["val"] == [case.name for case in load_split(prepared, number)[1]]
