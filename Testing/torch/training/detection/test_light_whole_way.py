"""The light detector from a data folder to a model folder, in a tiny size, by the documented steps."""

import copy
from dataclasses import replace

import pytest
import torch
from light_scans import data_folder

from ICHSegmentationLib.detection.parts import network_of
from ICHSegmentationLib.models import ModelFolder
from Training.detection.__main__ import main as evaluation
from Training.detection.light import __main__ as command
from Training.detection.light import train
from Training.detection.light.cross_validation import folds_of, judged_cases
from Training.detection.light.loop import Schedule
from Training.detection.light.recipe import LIGHT
from Training.detection.light.scan import load_scans
from Training.detection.light.train import train_member
from Training.detection.predictions import read_predictions

SCANS = [
    ("phe_sich/1", "train", "IPH", ""),
    ("phe_sich/2", "validation", "IPH", ""),
    ("phe_sich/3", "train", "IPH", ""),
    ("physionet_ct_ich/1", "train", "", ""),
    ("physionet_ct_ich/2", "train", "SDH", "6 7"),
    ("physionet_ct_ich/3", "validation", "", ""),
    ("physionet_ct_ich/4", "validation", "EDH IPH", "6 7"),
]
TINY = replace(
    LIGHT,
    network={"kind": "slice_map", "members": 2, "features": [2, 2, 2]},
    copies={"clean": 1, "hematoma": 1},
    hematoma_scans=1,
    phantoms=0,
    schedule=Schedule(steps=2, batch=4),
    folds=2,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder that the steps leave."""
    root = tmp_path_factory.mktemp("light")
    data = data_folder(root / "data", SCANS)
    for step in ("prepare", "cross-validate", "train", "export"):
        arguments = [step, "--data", str(data), "--out", str(root / "run"), "--model", str(root / "model")]
        assert command.main(arguments, TINY) == 0
    return root


def test_only_training_scans_with_a_mask_are_prepared_and_clean_ones_are_painted(run):
    names = {scan.name: scan.group for scan in load_scans(run / "run/pictures")}
    assert names == {
        "phe_sich/1": "hematoma",
        "phe_sich/1_copy0": "painted",
        "phe_sich/3": "unseen",
        "physionet_ct_ich/1": "clean",
        "physionet_ct_ich/1_copy0": "painted",
        "physionet_ct_ich/2": "bleeding",
        "physionet_ct_ich/3": "clean",
        "physionet_ct_ich/3_copy0": "painted",
        "physionet_ct_ich/4": "bleeding",
    }


def test_every_judged_slice_is_predicted_once_by_a_fold_that_did_not_see_its_scan(run):
    cases = judged_cases(run / "data")
    splits = folds_of(cases, TINY)
    rows = []
    for fold in range(2):
        found = read_predictions([run / f"run/fold_{fold}.csv"])
        assert {row.case for row in found} == set(splits.folds[fold])
        rows += found
    assert len(rows) == 4 * 12
    assert all(any(cases[name].scan_labels.any for name in fold) for fold in splits.folds)


def test_named_slices_are_flagged_and_several_subtypes_stay_unknown(run):
    rows = [row for row in read_predictions([run / f"run/fold_{n}.csv" for n in range(2)])]
    of = {(row.case[-1], row.slice): row for row in rows}
    assert of["2", 6].flags == (True, False, False, False, False, True)
    assert of["2", 8].flags == (False,) * 6
    assert of["4", 7].flags == (True, None, None, False, False, False)
    assert of["4", 7].scan_flags == (True, True, True, False, False, False)


def test_painted_copies_of_a_scan_that_is_held_back_are_held_back_too(run, monkeypatch):
    from Training.detection.light import cross_validation

    seen = []
    monkeypatch.setattr(cross_validation, "train", lambda scans, recipe: seen.append(scans) or 1 / 0)
    scans, cases = load_scans(run / "run/pictures"), judged_cases(run / "data")
    for fold, names in enumerate(folds_of(cases, TINY).folds):
        with pytest.raises(ZeroDivisionError):
            cross_validation.cross_validate(scans, cases, TINY, run, [fold])
        assert not {scan.source for scan in seen[-1]} & set(names)
        assert "phe_sich/1" in {scan.source for scan in seen[-1]}


def test_subtypes_are_told_of_painted_copies_held_back_and_of_hematomas_never_learned_from(run):
    scans = load_scans(run / "run/pictures")
    for fold, names in enumerate(folds_of(judged_cases(run / "data"), TINY).folds):
        rows = read_predictions([run / f"run/fold_{fold}_subtypes.csv"])
        copies = {scan.name for scan in scans if scan.group == "painted" and scan.source in names}
        assert {row.case for row in rows} == copies | ({"phe_sich/3"} if fold == 0 else set())
        hematoma = [row for row in rows if row.case == "phe_sich/3"]
        assert all(row.scan_flags == (True, False, True, None, None, False) for row in hematoma)
    assert not any(kind.startswith("unseen") for kind in LIGHT.weights), "so that none is drawn"


def test_no_validation_scan_nor_copy_of_one_has_a_part_in_the_calibration(run, tmp_path, monkeypatch):
    from Training.detection.light import export as exporting

    given = []
    fit = exporting.fit_calibration
    monkeypatch.setattr(exporting, "fit_calibration", lambda *rows: given.extend(rows) or fit(*rows))
    exporting.export(TINY, run / "run", run / "data", tmp_path / "model")
    rows, known = ({row.case for row in each} for each in given)
    assert rows == {"physionet_ct_ich/1", "physionet_ct_ich/2"}
    assert known == {"physionet_ct_ich/1_copy0", "phe_sich/3"}


def test_the_folds_are_judged_with_their_tables_of_subtypes_one_for_each(run, capsys):
    tables = [str(run / f"run/fold_{fold}.csv") for fold in range(2)]
    known = [str(run / f"run/fold_{fold}_subtypes.csv") for fold in range(2)]
    assert evaluation(["evaluate", *tables, "--subtypes", *known, "--calibrate"]) == 0
    assert "| any |" in capsys.readouterr().out
    assert evaluation(["evaluate", *tables, "--subtypes", known[0], "--calibrate"]) != 0
    assert "one table of known subtypes for each of 2 tables, found 1" in capsys.readouterr().err


def test_the_detector_itself_sees_no_validation_scan_and_is_judged_on_them(run):
    rows = read_predictions([run / "run/validation.csv"])
    assert {row.case for row in rows} == {"physionet_ct_ich/3", "physionet_ct_ich/4"}


def test_members_learn_on_their_own_and_are_exported_together(run):
    scans = [
        scan for scan in load_scans(run / "run/pictures") if scan.source not in {SCANS[5][0], SCANS[6][0]}
    ]
    first, second = (train_member(scans, TINY, number).state_dict() for number in range(2))
    exported = network_of(ModelFolder.open(run / "model"), "slices").state_dict()
    for name, value in first.items():
        if value.dtype.is_floating_point:
            assert torch.allclose(exported[f"members.0.{name}"], value, rtol=1e-3, atol=1e-6)
            assert torch.allclose(exported[f"members.1.{name}"], second[name], rtol=1e-3, atol=1e-6)
    assert not torch.allclose(first["marks.weight"], second["marks.weight"], rtol=0.1)


def test_a_cycle_goes_on_from_the_one_before_with_other_slices(run, monkeypatch):
    begun, seeds = [], []

    def fit(network, source, schedule):
        begun.append(network.offset.detach().clone())
        seeds.append(source.seed)
        ended = copy.deepcopy(network)
        torch.nn.init.constant_(ended.offset, len(begun))
        return ended

    monkeypatch.setattr(train, "fit", fit)
    scans = load_scans(run / "run/pictures")
    made = [train_member(scans, replace(TINY, cycles=3), number) for number in range(2)]
    assert [float(offset[0]) for offset in begun] == [0, 1, 2, 0, 4, 5]
    assert [float(network.offset[0].detach()) for network in made] == [3, 6]
    assert len(set(seeds)) == 6


def test_the_model_folder_is_whole_and_says_where_it_comes_from(run):
    model = ModelFolder.open(run / "model")
    model.verify()
    manifest = model.manifest
    assert manifest.recipe == "detector" and len(manifest.labels) == 6
    assert manifest.inference["neighbour_share"] == TINY.neighbour_share
    assert 0 < manifest.inference["threshold_hemorrhage"] < 1 and manifest.inference["temperature"] > 0
    assert {
        "offset_hemorrhage",
        "share_scan_slopes_subdural",
        "scan_temperature",
    } <= manifest.inference.keys()
    assert "Research use only" in manifest.description and "non-commercial" in str(manifest.training.data)
